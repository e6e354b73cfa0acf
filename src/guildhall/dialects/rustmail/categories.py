"""Categories of tickets: list, create, change, delete, the roles that are pinged, and whether people choose."""

from collections.abc import Mapping
from typing import ClassVar

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import asdict, replace

from guildhall.core.actor import Actor
from guildhall.core.clock import Clock
from guildhall.core.db import Tx
from guildhall.core.errors import Invalid, InvalidField, MissingField
from guildhall.dialects.rustmail.wire import REFUSED, REFUSED_TO_WRITE, SESSION, epoch
from guildhall.domains.identity import Permission
from guildhall.domains.tickets import categories
from guildhall.domains.tickets.categories import Category, ChoiceSettings, FieldKind, FormField, Layout
from guildhall.domains.tickets.categories.errors import (
    DuplicateName,
    InvalidCategoryName,
    InvalidFormField,
    InvalidRole,
    InvalidTimeout,
    TooManyCategories,
)
from guildhall.domains.tickets.errors import CategoryNotFound
from guildhall.web.answers import NO_CONTENT, Answer
from guildhall.web.bodies import Body
from guildhall.web.routing import route

MANAGE = Permission.MANAGE_CATEGORIES
REFUSED_LAYOUT = (
    *REFUSED_TO_WRITE, InvalidCategoryName, InvalidFormField, TooManyCategories, DuplicateName, MissingField,
    InvalidField,
)  # fmt: skip
REFUSALS: Mapping[str, type[Invalid]] = {
    "name": InvalidCategoryName,
    "fields": InvalidFormField,
    "answer": InvalidFormField,
}


class FieldShape(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A field of a form; lengths that are not said are left out."""

    key: str
    label: str
    type: FieldKind
    required: bool
    placeholder: str | None = None
    min_length: int | UnsetType = UNSET
    max_length: int | UnsetType = UNSET

    @classmethod
    def of(cls, field: FormField) -> "FieldShape":
        """Show a field."""
        return cls(**{name: value for name, value in asdict(field).items() if value is not None})

    @property
    def field(self) -> FormField:
        """What the house makes of it."""
        return FormField(**{name: value for name, value in asdict(self).items() if value is not UNSET})


class CategoryCreate(Body, frozen=True, kw_only=True):
    """A category to make; without a position it is the last."""

    refusals: ClassVar[Mapping[str, type[Invalid]]] = REFUSALS

    name: str
    discord_category_id: str
    description: str | None = None
    emoji: str | None = None
    position: int | None = None
    enabled: bool = True
    fields: list[FieldShape] = msgspec.field(default_factory=list)
    answer: str | None = None
    viewer_role_ids: list[str] = msgspec.field(default_factory=list)

    @property
    def layout(self) -> Layout:
        """The category as it is wanted."""
        return Layout(**asdict(self) | {"fields": [each.field for each in self.fields]})


class CategoryUpdate(Body, frozen=True, kw_only=True):
    """What is to change of a category; what is left out stays."""

    refusals: ClassVar[Mapping[str, type[Invalid]]] = REFUSALS

    name: str | UnsetType = UNSET
    discord_category_id: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    emoji: str | UnsetType | None = UNSET
    position: int | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    fields: list[FieldShape] | UnsetType = UNSET
    answer: str | UnsetType | None = UNSET
    viewer_role_ids: list[str] | UnsetType = UNSET

    def onto(self, category: Category) -> Layout:
        """Return how the category is wanted. Raises MissingField when nothing is to change."""
        changes = {name: value for name, value in asdict(self).items() if value is not UNSET}
        if not changes:
            raise MissingField("Name at least one thing to change")
        if self.fields is not UNSET:
            changes["fields"] = [each.field for each in self.fields]
        present = Layout(**{name: getattr(category, name) for name in Layout.__struct_fields__})
        return replace(present, **changes)


class RoleAdd(Body, frozen=True, kw_only=True):
    """A role to ping too."""

    refusals: ClassVar[Mapping[str, type[Invalid]]] = {"role_id": InvalidRole}

    role_id: str


class RolesPut(Body, frozen=True, kw_only=True):
    """The roles to ping; nobody when absent."""

    refusals: ClassVar[Mapping[str, type[Invalid]]] = {"role_ids": InvalidRole}

    role_ids: list[str] = msgspec.field(default_factory=list)


class SettingsPut(Body, frozen=True, kw_only=True):
    """Whether people choose a category, and for how many seconds they may think."""

    refusals: ClassVar[Mapping[str, type[Invalid]]] = {"selection_timeout_s": InvalidTimeout}

    enabled: bool
    selection_timeout_s: int


class CategoryReply(msgspec.Struct, frozen=True, kw_only=True):
    """A category."""

    id: str
    name: str
    description: str | None
    emoji: str | None
    discord_category_id: str
    position: int
    enabled: bool
    created_at: int
    updated_at: int
    fields: list[FieldShape]
    answer: str | None
    viewer_role_ids: list[str]

    @classmethod
    def of(cls, category: Category) -> "CategoryReply":
        """Show a category."""
        return cls(
            id=category.id,
            name=category.name,
            description=category.description,
            emoji=category.emoji,
            discord_category_id=category.discord_category_id,
            position=category.position,
            enabled=category.enabled,
            created_at=epoch(category.created_at),
            updated_at=epoch(category.updated_at),
            fields=[FieldShape.of(each) for each in category.fields],
            answer=category.answer,
            viewer_role_ids=category.viewer_role_ids,
        )


class RolesReply(msgspec.Struct, frozen=True):
    """The roles that are pinged."""

    role_ids: list[str]


class SettingsReply(msgspec.Struct, frozen=True):
    """Whether people choose a category, and for how many seconds they may think."""

    enabled: bool
    selection_timeout_s: int

    @classmethod
    def of(cls, settings: ChoiceSettings) -> "SettingsReply":
        """Show the settings."""
        return cls(settings.enabled, settings.selection_timeout_s)


@route("GET", "/api/categories", permission=MANAGE, accepts=SESSION, refusals=REFUSED)
async def list_categories(tx: Tx) -> list[CategoryReply]:
    """List categories in the order of the menu."""
    return [CategoryReply.of(each) for each in await categories.list_categories(tx)]


@route("POST", "/api/categories", permission=MANAGE, accepts=SESSION, refusals=REFUSED_LAYOUT)
async def create_category(data: CategoryCreate, tx: Tx, actor: Actor, clock: Clock) -> CategoryReply:
    """Make a category."""
    return CategoryReply.of(await categories.create_category(tx, actor, data.layout, now=clock.now()))


@route(
    "PATCH", "/api/categories/{category_id}", permission=MANAGE, accepts=SESSION,
    refusals=(*REFUSED_LAYOUT, CategoryNotFound),
)  # fmt: skip
async def update_category(category_id: str, data: CategoryUpdate, tx: Tx, actor: Actor, clock: Clock) -> CategoryReply:
    """Change a category."""
    found = await categories.access_category_to_change(tx, actor, category_id)
    changed = await categories.change_category(tx, actor, found, data.onto(found), now=clock.now())
    return CategoryReply.of(changed)


@route(
    "DELETE", "/api/categories/{category_id}", permission=MANAGE, accepts=SESSION,
    refusals=(*REFUSED_TO_WRITE, CategoryNotFound), also=(NO_CONTENT,),
)  # fmt: skip
async def delete_category(category_id: str, tx: Tx, actor: Actor, clock: Clock) -> Answer:
    """Delete a category; its tickets keep the name."""
    found = await categories.access_category_to_change(tx, actor, category_id)
    await categories.delete_category(tx, actor, found, now=clock.now())
    return Answer(status=NO_CONTENT)


@route("GET", "/api/categories/settings", permission=MANAGE, accepts=SESSION, refusals=REFUSED)
async def get_category_settings(tx: Tx) -> SettingsReply:
    """Read whether people choose a category."""
    return SettingsReply.of(await categories.choice_settings(tx))


@route(
    "PUT", "/api/categories/settings", permission=MANAGE, accepts=SESSION,
    refusals=(*REFUSED_TO_WRITE, InvalidTimeout, MissingField, InvalidField),
)  # fmt: skip
async def update_category_settings(data: SettingsPut, tx: Tx, actor: Actor, clock: Clock) -> SettingsReply:
    """Say whether people choose a category, and how long they have."""
    wanted = ChoiceSettings(data.enabled, data.selection_timeout_s)
    return SettingsReply.of(await categories.change_choice(tx, actor, wanted, now=clock.now()))


@route(
    "GET", "/api/categories/{category_id}/roles", permission=MANAGE, accepts=SESSION,
    refusals=(*REFUSED, CategoryNotFound),
)  # fmt: skip
async def list_category_roles(category_id: str, tx: Tx, actor: Actor) -> RolesReply:
    """List the roles that are pinged."""
    return RolesReply((await categories.access_category(tx, actor, category_id)).role_ids)


@route(
    "POST", "/api/categories/{category_id}/roles", permission=MANAGE, accepts=SESSION,
    refusals=(*REFUSED_TO_WRITE, CategoryNotFound, InvalidRole, MissingField),
)  # fmt: skip
async def add_category_role(category_id: str, data: RoleAdd, tx: Tx, actor: Actor, clock: Clock) -> RolesReply:
    """Ping one more role."""
    found = await categories.access_category_to_change(tx, actor, category_id)
    return RolesReply((await categories.add_role(tx, actor, found, data.role_id, now=clock.now())).role_ids)


@route(
    "PUT", "/api/categories/{category_id}/roles", permission=MANAGE, accepts=SESSION,
    refusals=(*REFUSED_TO_WRITE, CategoryNotFound, InvalidRole),
)  # fmt: skip
async def set_category_roles(category_id: str, data: RolesPut, tx: Tx, actor: Actor, clock: Clock) -> RolesReply:
    """Ping these roles and no others."""
    found = await categories.access_category_to_change(tx, actor, category_id)
    return RolesReply((await categories.set_roles(tx, actor, found, data.role_ids, now=clock.now())).role_ids)


@route(
    "DELETE", "/api/categories/{category_id}/roles", permission=MANAGE, accepts=SESSION,
    refusals=(*REFUSED_TO_WRITE, CategoryNotFound), also=(NO_CONTENT,),
)  # fmt: skip
async def clear_category_roles(category_id: str, tx: Tx, actor: Actor, clock: Clock) -> Answer:
    """Ping nobody."""
    found = await categories.access_category_to_change(tx, actor, category_id)
    await categories.set_roles(tx, actor, found, [], now=clock.now())
    return Answer(status=NO_CONTENT)


@route(
    "DELETE", "/api/categories/{category_id}/roles/{role_id}", permission=MANAGE, accepts=SESSION,
    refusals=(*REFUSED_TO_WRITE, CategoryNotFound),
)  # fmt: skip
async def remove_category_role(category_id: str, role_id: str, tx: Tx, actor: Actor, clock: Clock) -> RolesReply:
    """Ping one role no more."""
    found = await categories.access_category_to_change(tx, actor, category_id)
    return RolesReply((await categories.remove_role(tx, actor, found, role_id, now=clock.now())).role_ids)
