"""Categories of tickets: the menu people choose from, the forms they fill in, who is pinged and who may look."""

from guildhall.domains.tickets.categories.administration import (
    add_role,
    change_category,
    change_choice,
    create_category,
    delete_category,
    keep_answers,
    offer_only,
    put_ticket,
    remove_role,
    set_roles,
)
from guildhall.domains.tickets.categories.forms import check_answers
from guildhall.domains.tickets.categories.models import (
    Category,
    ChoiceSettings,
    FieldKind,
    FormField,
    Layout,
)
from guildhall.domains.tickets.categories.policy import access_category, access_category_to_change, sight_of
from guildhall.domains.tickets.categories.queries import answers_of, choice_settings, find_category, list_categories
from guildhall.domains.tickets.models import FormAnswer

__all__ = [
    "Category",
    "ChoiceSettings",
    "FieldKind",
    "FormAnswer",
    "FormField",
    "Layout",
    "access_category",
    "access_category_to_change",
    "add_role",
    "answers_of",
    "change_category",
    "change_choice",
    "check_answers",
    "choice_settings",
    "create_category",
    "delete_category",
    "find_category",
    "keep_answers",
    "list_categories",
    "offer_only",
    "put_ticket",
    "remove_role",
    "set_roles",
    "sight_of",
]
