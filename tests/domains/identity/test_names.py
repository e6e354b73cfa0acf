"""The forms of names, ids and mail addresses."""

import unicodedata

import pytest
from hypothesis import given, settings, strategies as st

from guildhall.core.errors import InvalidField
from guildhall.core.mail import Mail, as_email
from guildhall.domains.identity.errors import InvalidEmail, InvalidUserId
from guildhall.domains.identity.names import clean_name, valid_email, valid_user_id


@settings(max_examples=500)
@given(st.text(max_size=80))
def test_a_name_is_kept_as_people_see_it_or_refused(text: str) -> None:
    try:
        name = clean_name(text, longest=64, field="name")
    except InvalidField:
        return
    assert 1 <= len(name) <= 64
    assert name == name.strip() == unicodedata.normalize("NFC", name)
    assert clean_name(name, longest=64, field="name") == name
    assert "\n" not in name
    name.encode()


@pytest.mark.parametrize("name", ["x", "Zoë", "e\u0301", "🦊 fox", "O'Brien", "עברית", "a\u200db", "x" * 64])
def test_names_of_every_script_are_kept(name: str) -> None:
    assert clean_name(f"  {name} ", longest=64, field="name") == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    "name", ["", " ", "x" * 65, "a\nb", "a\0b", "\x7f", "\ud800", "\ue000", "a\u2028b", "a\u2029b"]
)
def test_a_name_of_several_lines_or_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(InvalidField) as refusal:
        clean_name(name, longest=64, field="displayName")
    assert refusal.value.details == {"field": "displayName"}


@given(st.text(max_size=70))
def test_an_id_has_only_what_every_platform_may_use(text: str) -> None:
    allowed = set("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.:@-")
    if text and len(text) <= 64 and set(text) <= allowed:
        assert valid_user_id(text) == text
    else:
        with pytest.raises(InvalidUserId):
            valid_user_id(text)


@pytest.mark.parametrize(
    "address",
    [
        "xavier@example.com",
        "x+tag@sub.example.co.uk",
        "o'brien@example.com",
        "a.b-c_d@example-site.org",
        "1@2.example",
        "x" * 64 + "@" + ".".join(["y" * 61] * 3) + ".com",
        "admin@localhost",
    ],
)
def test_a_mail_address_is_kept(address: str) -> None:
    assert valid_email(f" {address} ") == address
    written = as_email(Mail(to=address, subject="s", text="t", sender="hub@hub.test", message_id="<1@hub.test>"))
    assert written["To"].addresses[0].addr_spec == address


@pytest.mark.parametrize(
    "address",
    [
        "", "@", "a@", "@b.com", "a b@c.com", "a@b@c.com", "a@b..com", "a..b@c.com", "a@-b.com", "a@b-.com", "a@.com",
        "a@b.com.", "a@b_c.com", "a@" + "b" * 64 + ".com", "x" * 65 + "@b.com", "a@b.com\nBcc: x@y.com",
        "a@[127.0.0.1]",
        '"a b"@c.com', "Zoë <zoe@example.com>", "a,b@c.com", "a@b.com,c@d.com", "a\u200b@b.com", "a@bücher.example",
        "zoë@example.com",
        ".a@b.com", "a.@b.com", "a@" + "b." * 130 + "com",
    ],
)  # fmt: skip
def test_what_no_mail_server_would_take_is_no_mail_address(address: str) -> None:
    with pytest.raises(InvalidEmail):
        valid_email(address)


@settings(max_examples=500)
@given(st.emails())
def test_every_address_that_is_accepted_can_be_written_to(address: str) -> None:
    try:
        kept = valid_email(address)
    except InvalidEmail:
        return
    as_email(Mail(to=kept, subject="s", text="t", sender="hub@hub.test", message_id="<1@hub.test>"))


@settings(max_examples=500)
@given(st.text(max_size=40), st.text(st.sampled_from("abcXYZ019.-_@\x80é"), max_size=40))
def test_nothing_that_is_accepted_breaks_the_mail(local: str, domain: str) -> None:
    try:
        kept = valid_email(f"{local}@{domain}")
    except InvalidEmail:
        return
    as_email(Mail(to=kept, subject="s", text="t", sender="hub@hub.test", message_id="<1@hub.test>"))
