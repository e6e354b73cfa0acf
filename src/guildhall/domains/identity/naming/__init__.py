"""Who people are by the ids that a front desk names them by: that of a provider, or that of the house."""

from guildhall.domains.identity.naming.queries import KnownPerson, people_known_as, unrounded

__all__ = ["KnownPerson", "people_known_as", "unrounded"]
