"""Refusals about categories and their forms.

GuildhallError
├── Invalid
│   ├── InvalidCategoryName    not 1 to 100 characters
│   ├── InvalidFormField       a field of a form, a canned answer, or what somebody filled in
│   ├── InvalidTimeout         not between half a minute and a day
│   ├── InvalidRole            no id of a role, one twice, or too many
│   └── TooManyCategories      no menu of Discord shows more
└── Conflict
    └── DuplicateName          another category is called so
"""

from guildhall.core.errors import Conflict, Invalid


class InvalidCategoryName(Invalid):
    """A category has a name of 1 to 100 characters."""

    code = "invalid_name"
    text = "A category has a name of 1 to 100 characters, none of them control characters"


class InvalidFormField(Invalid):
    """A field of a form, a canned answer, or what somebody filled in; `details.field` names it."""

    code = "invalid_field"
    text = "This is no form that can be shown, or no answer that fits it"


class InvalidTimeout(Invalid):
    """People have between half a minute and a day to choose."""

    code = "invalid_timeout"
    text = "The time to choose is between 30 and 86400 seconds"


class InvalidRole(Invalid):
    """No id of a role, one twice, or too many."""

    code = "invalid_role"
    text = "Roles are named by Discord's ids, each once and no more than 50"


class TooManyCategories(Invalid):
    """No menu of Discord shows more beside the way for everything else."""

    code = "too_many_categories"
    text = "At most 24 categories can be offered; switch another one off first"


class DuplicateName(Conflict):
    """Another category is called so."""

    code = "duplicate_name"
    text = "Another category has this name"
