"""What each role in the community may do, and how one comes by it."""

from guildhall.core.actor import Credential
from guildhall.domains.identity import Permission
from guildhall.domains.identity.community import CommunityRole, permissions_of_role
from guildhall.domains.identity.community.roles import role_given, role_on_server
from guildhall.domains.identity.permissions import CEILING, COMMUNITY

ADMIN, MODERATOR, LOOTLING, MONITORING = CommunityRole

TABLE: dict[Permission, set[CommunityRole]] = {
    Permission.PUBLIC: {ADMIN, MODERATOR, LOOTLING, MONITORING},
    Permission.OWN_PROFILE: {ADMIN, MODERATOR, LOOTLING},
    Permission.OWN_TICKETS: {ADMIN, MODERATOR, LOOTLING},
    Permission.USE_COMMUNITY: {ADMIN, MODERATOR, LOOTLING},
    Permission.LIST_TICKETS: {ADMIN, MODERATOR, MONITORING},
    Permission.VIEW_DESK: {ADMIN, MODERATOR},
    Permission.VIEW_TICKETS: {ADMIN, MODERATOR},
    Permission.MANAGE_TICKETS: {ADMIN, MODERATOR},
    Permission.DELETE_TICKETS: {ADMIN},
    Permission.SEE_PEOPLE: {ADMIN, MODERATOR},
    Permission.DISABLE_PEOPLE: {ADMIN, MODERATOR},
    Permission.MANAGE_PEOPLE: {ADMIN},
    Permission.SEE_ANALYTICS: {ADMIN, MODERATOR, MONITORING},
    Permission.SEE_ANALYTICS_IN_FULL: {ADMIN},
    Permission.RESET_ANALYTICS: {ADMIN},
    Permission.SEE_SERVER: {ADMIN, MODERATOR},
    Permission.CHANGE_SERVER: {ADMIN},
    Permission.MANAGE_CONFIG: {ADMIN},
    Permission.MANAGE_BOT: {ADMIN},
    Permission.MANAGE_SYSTEM: {ADMIN},
}


def test_each_role_may_what_the_table_says_and_nothing_else() -> None:
    for permission in Permission:
        holders = {role for role in CommunityRole if permission in permissions_of_role(role)}
        assert holders == TABLE.get(permission, set()), permission
    outside = permissions_of_role(LOOTLING, is_member=False)
    assert outside == {Permission.PUBLIC, Permission.OWN_PROFILE, Permission.OWN_TICKETS}
    opened = {credential for credential, ceiling in CEILING.items() if COMMUNITY & ceiling}
    assert opened == {Credential.TOKEN}, "only a token of somebody with a role in the community opens these"


def test_a_role_given_goes_first_and_no_id_is_nobodys_role() -> None:
    assert role_given(["super_admin"]) is role_given(["minter", "admin", "lootling"]) is ADMIN
    assert role_given(["lootling", "moderator"]) is MODERATOR
    assert role_given(["lootling"]) is LOOTLING
    assert role_given(["minter", "monitoring"]) is None
    for held, role in (({5, 7}, ADMIN), ({7}, MODERATOR), ({6}, LOOTLING), (set(), LOOTLING)):
        assert role_on_server(held, admin_role=5, moderator_role=7) is role
    assert role_on_server({0, 7}, admin_role=0, moderator_role=0) is LOOTLING
