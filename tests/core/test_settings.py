"""Settings are read once, from the environment before the file, and every fault is told at once and without secrets."""

import re
from ipaddress import ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from guildhall.settings import Settings, SettingsError, documented, load_settings

STRONG = "u8Zr2mQx7TfK4wNbV0sYhJ5dLc9GpE3a"
SECRETS = {
    "METRICS_TOKEN": "the-token-of-the-metrics",
    "DATABASE_URL": "postgresql://ada:the-password-of-the-database@db.test/guildhall",
    "REDIS_URL": "redis://:the-password-of-redis@redis.test/0",
    "S3_URL": "s3://key:the-secret-of-s3@bucket/prefix",
    "DISCORD_TOKEN": "the-token-of-the-bot",
    "SECRET_KEY": "the-root-of-all-encryption-0123456789",
    "ADMIN_PASSWORD": "the-password-of-the-administrator",
    "ADMIN_API_KEY": "chb_admin_the_master_key_of_everything",
    "SMTP_URL": "smtp://ada:the-password-of-the-mail@mail.test:587",
    "DISCORD_CLIENT_SECRET": "the-secret-of-the-application",
    "SETUP_TOKEN": "the-token-of-the-setup",
    "API_INTERNAL_SECRET": "the-secret-of-the-front-ends-0123456789",
    "WEBHOOK_SECRET": "the-secret-of-the-senders-0123456789",
    "RPC_URL": "https://chain.test/the-token-of-the-node",
    "MINTER_PRIVATE_KEY": "the-secret-of-the-minter",
    "JWT_SECRET": "the-secret-of-the-tokens-0123456789",
    "API_MONITORING_SECRET": "the-secret-of-the-monitors-0123456789",
    "API_EXTRA_USERS": "grace:the-password-of-grace",
}

FILE = """\
# a comment with PORT=1

export HOST = '0.0.0.0'
ADMIN_USER="ada = lovelace"
PORT=7000
no setting at all
ADMIN_EMAIL=ada@hub.test
ADMIN_PASSWORD=a=b#c
"""


def load(**environ: str) -> Settings:
    return load_settings(environ, dotenv=None)


@pytest.fixture
def dotenv(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def faults(**environ: str) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        load(**environ)
    head, *lines = str(raised.value).splitlines()
    assert head == "These settings cannot be used:"
    return [line.strip() for line in lines]


def test_without_any_setting_there_are_embedded_defaults() -> None:
    settings = load()
    assert settings.server.host == "127.0.0.1"
    assert settings.public_url == "http://localhost:8080"
    assert settings.database_url == "sqlite:///data/guildhall.db"
    assert settings.commonshub.timezone == ZoneInfo("Europe/Brussels")
    assert not settings.in_production


def test_values_become_what_they_mean() -> None:
    settings = load(
        PORT="18080",
        TRUSTED_PROXIES="127.0.0.1, 10.0.0.0/8,::1",
        DATA_DIR="/srv/guildhall",
        ENVIRONMENT="Production",
        COMMONSHUB_PUBLIC_CALENDARS="off",
        COMMONSHUB_TIMEZONE="Asia/Tokyo",
        COMMONSHUB_CONFIG="/etc/hub.toml",
        PUBLIC_URL="https://hub.test/",
    )
    assert settings.server.port == 18080
    assert settings.server.trusted_proxies == (ip_network("127.0.0.1"), ip_network("10.0.0.0/8"), ip_network("::1"))
    assert settings.database_url == "sqlite:////srv/guildhall/guildhall.db"
    assert settings.in_production
    assert not settings.commonshub.public_calendars
    assert settings.commonshub.timezone == ZoneInfo("Asia/Tokyo")
    assert settings.commonshub.config == Path("/etc/hub.toml")
    assert settings.public_url == "https://hub.test"


def test_older_names_are_honoured_and_the_newer_one_wins() -> None:
    assert load(API_PORT="5000", API_ADMIN_USER="ada", BASE_URL="http://hub.test").server.port == 5000
    assert load(API_ADMIN_USER="ada").admin.user == "ada"
    assert load(API_PORT="5000", PORT="6000").server.port == 6000
    assert load(API_PORT="5000", PORT="").server.port == 5000


def test_the_environment_wins_over_the_file_whichever_name_it_uses(dotenv: Path) -> None:
    dotenv.write_text(FILE)
    settings = load_settings({"API_PORT": "5000", "ADMIN_EMAIL": "grace@hub.test", "HOST": ""}, dotenv)
    assert settings.server.port == 5000
    assert settings.server.host == "0.0.0.0"  # noqa: S104 (nothing listens here)
    assert settings.admin.user == "ada = lovelace"
    assert settings.admin.email == "grace@hub.test"
    assert settings.admin.password == "a=b#c"
    assert load_settings({}, dotenv).server.port == 7000
    assert load_settings({}, dotenv.with_name("absent")) == load()


def test_a_file_that_is_no_text_is_refused(dotenv: Path) -> None:
    dotenv.write_bytes(b"PORT=\xff\xfe")
    with pytest.raises(SettingsError, match=r"\.env cannot be read"):
        load_settings({}, dotenv)


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("PORT", "eighty", "PORT: 'eighty' is not a whole number"),
        ("PORT", "80.5", "PORT: '80.5' is not a whole number"),
        ("PORT", "--5", "PORT: '--5' is not a whole number"),
        ("PORT", "٨٠", "PORT: '٨٠' is not a whole number"),
        ("PORT", "9" * 5000, "is not a whole number"),
        ("PORT", "0", "PORT: must be between 1 and 65535"),
        ("API_PORT", "65536", "PORT: must be between 1 and 65535"),
        ("BODY_TIMEOUT", "0", "BODY_TIMEOUT: must be at least 1"),
        ("RATE_LIMIT_PER_IP", "-1", "RATE_LIMIT_PER_IP: must be at least 1"),
        ("COMMONSHUB_RATE_LIMIT", "0", "COMMONSHUB_RATE_LIMIT: must be at least 1"),
        ("ATTENDANCE_MAX_TOKEN_SECONDS", "-1", "ATTENDANCE_MAX_TOKEN_SECONDS: must be at least 0"),
        ("ENVIRONMENT", "prod", "ENVIRONMENT: 'prod' must be one of development, production"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL: 'loud' must be one of debug, info, warning, error"),
        ("COMMONSHUB_PUBLIC_CALENDARS", "perhaps", "COMMONSHUB_PUBLIC_CALENDARS: 'perhaps' is neither true nor false"),
        ("COMMONSHUB_TIMEZONE", "Europe/Atlantis", "is not a time zone such as Europe/Brussels"),
        ("COMMONSHUB_TIMEZONE", "../../etc/passwd", "is not a time zone such as Europe/Brussels"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, nginx", "TRUSTED_PROXIES: '10.0.0.0/8, nginx' 'nginx' does not appear to be"),
        ("PUBLIC_URL", "hub.test", "PUBLIC_URL: must begin with http:// or https:// and a host"),
        ("PUBLIC_URL", "https:///panel", "PUBLIC_URL: must begin with http:// or https:// and a host"),
        ("DATABASE_URL", "mysql://db", "DATABASE_URL: must begin with sqlite:/// or postgresql://"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_with_the_reason(name: str, value: str, complaint: str) -> None:
    (found,) = faults(**{name: value})
    assert complaint in found


def test_every_fault_is_told_at_once() -> None:
    found = faults(PORT="eighty", LOG_LEVEL="loud", DATABASE_URL="mysql://db", BODY_TIMEOUT="0", PUBLIC_URL="hub.test")
    assert [line.partition(":")[0] for line in found] == [
        "PORT",
        "LOG_LEVEL",
        "BODY_TIMEOUT",
        "PUBLIC_URL",
        "DATABASE_URL",
    ]


def test_secrets_are_neither_in_a_complaint_nor_in_the_printed_settings() -> None:
    declared = [field.metadata for _, group in documented() for field, _ in group]
    assert {each["names"][0] for each in declared if each["secret"]} == set(SECRETS)
    shown = repr(load(**SECRETS))
    complaint = "\n".join(faults(**SECRETS, PORT="eighty"))
    weak = "\n".join(faults(ENVIRONMENT="production", ADMIN_PASSWORD="hunter2", SECRET_KEY="hunter3"))
    for text in (shown, complaint, weak):
        assert not re.search(r"the-(root|password|secret|token)|hunter|chb_admin", text)
    assert "host='127.0.0.1'" in shown


@pytest.mark.parametrize(
    ("name", "weak", "strong"),
    [
        ("SECRET_KEY", "changeme", STRONG),
        ("SECRET_KEY", STRONG[:31], STRONG),
        ("SECRET_KEY", "abcabcabcabcabcabcabcabcabcabcabcabc", STRONG),
        ("API_INTERNAL_SECRET", "secret", STRONG),
        ("ADMIN_API_KEY", "chb_admin_short", STRONG),
        ("ADMIN_PASSWORD", "password", "correct horse battery"),
        ("ADMIN_PASSWORD", "your-secure-password", "correct horse battery"),
        ("API_ADMIN_PASS", "aaaaaaaaaaaaaaaa", "correct horse battery"),
    ],
)
def test_production_refuses_weak_secrets_and_says_what_to_do(name: str, weak: str, strong: str) -> None:
    (complaint,) = faults(ENVIRONMENT="production", **{name: weak})
    assert re.fullmatch(
        r"[A-Z_]+: too weak for production; use at least \d+ random characters, or leave it unset", complaint
    )
    load(ENVIRONMENT="development", **{name: weak})
    load(ENVIRONMENT="production", **{name: strong})


def test_each_setting_is_declared_once_under_each_of_its_names() -> None:
    names = [name for _, group in documented() for field, _ in group for name in field.metadata["names"]]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]+", name) for name in names)
    assert all(kind.__doc__ and all(field.metadata["help"] for field, _ in group) for kind, group in documented())


def test_the_ledger_on_a_chain_needs_a_node_and_a_key_and_says_which_is_missing() -> None:
    evm = {"COMMONSHUB_LEDGER": "evm"}
    assert [line.partition(":")[0] for line in faults(**evm)] == ["RPC_URL", "MINTER_PRIVATE_KEY"]
    key, node = "0x" + "1" * 64, "http://node.test:8545"
    assert faults(**evm, RPC_URL="node.test", MINTER_PRIVATE_KEY=key) == [
        "RPC_URL: must begin with http:// or https:// and a host"
    ]
    (wrong,) = faults(**evm, RPC_URL=node, MINTER_PRIVATE_KEY="0xsecret")
    assert wrong == "MINTER_PRIVATE_KEY: is no private key, which has 64 hexadecimal digits"
    assert load(**evm, RPC_URL=node, MINTER_PRIVATE_KEY=key).commonshub.ledger == "evm"
    assert load().commonshub.ledger == "embedded"


def test_the_discord_that_is_simulated_keeps_out_of_the_way_of_a_real_one() -> None:
    assert load().wants_simulator
    assert load(SIMULATOR_PORT="0").wants_simulator is load(SIMULATOR_PORT="off").wants_simulator is False
    for more in (
        {"ENVIRONMENT": "production"},
        {"DISCORD_TOKEN": "x"},
        {"DISCORD_CLIENT_SECRET": "x"},
        {"DISCORD_API_BASE": "http://127.0.0.1:8081/api/v10"},
    ):
        assert not load(**more).wants_simulator
    assert faults(SIMULATOR_PORT="65536") == ["SIMULATOR_PORT: must be between 1 and 65535, or off"]


def test_people_are_sent_to_discords_page_and_back_to_this_server() -> None:
    settings = load(DISCORD_CLIENT_ID="7", DISCORD_CLIENT_SECRET="x", PUBLIC_URL="https://hub.test/")
    assert settings.discord.authorization_page == "https://discord.com/oauth2/authorize"
    assert settings.discord_redirect == "https://hub.test/panel/sign-in/discord/back"
    other = load(
        DISCORD_API_BASE="http://127.0.0.1:8081/api/v10",
        DISCORD_REDIRECT_URI="https://hub.test/api/discord/callback",
        DISCORD_GUILD_ID="1214278690406400042",
    )
    assert other.discord.authorization_page == "http://127.0.0.1:8081/api/v10/oauth2/authorize"
    assert other.discord_redirect == "https://hub.test/api/discord/callback"
    assert other.discord.guild_id == 1214278690406400042
    (wrong,) = faults(DISCORD_GUILD_ID="the-lantern")
    assert wrong == "DISCORD_GUILD_ID: 'the-lantern' is no id of Discord, which is a whole number"


def test_accounts_are_read_with_their_roles_and_faults_tell_no_password() -> None:
    found = load(API_EXTRA_USERS="ada:first:half, Grace:x", API_EXTRA_USERS_ROLES="grace=admin").community.accounts()
    assert [(each.name, each.password, each.role) for each in found] == [
        ("ada", "first:half", "moderator"),
        ("Grace", "x", "admin"),
    ]
    for given, complaint in (
        ({"API_EXTRA_USERS": "hunter2"}, "must be a list of name:value"),
        ({"API_EXTRA_USERS": "ada:hunter2,Ada:x"}, "names somebody twice"),
        ({"API_EXTRA_USERS": "admin:hunter2"}, "names the administrator"),
        ({"API_EXTRA_USERS": "ada:hunter2", "API_EXTRA_USERS_ROLES": "ada=king"}, "'king' is none of"),
        ({"API_EXTRA_USERS": "ada:hunter2", "API_EXTRA_USERS_ROLES": "bob=admin"}, "'bob' is not in"),
        ({"API_EXTRA_USERS": "ada:your-password", "ENVIRONMENT": "production"}, "(ada): too weak for production"),
        ({"JWT_SECRET": "hunter2", "ENVIRONMENT": "production"}, "JWT_SECRET: too weak for production"),
        ({"TOKEN_DAYS": "8"}, "TOKEN_DAYS: must be between 1 and 7"),
    ):
        (told,) = faults(**given)
        assert complaint in told
        assert "hunter2" not in told


def test_names_of_older_installations_are_understood_or_named_as_idle() -> None:
    settings = load_settings(
        {"REDIS_HOST": "redis.test", "REDIS_PORT": "6380", "PROD_MODE": "true", "FLASK_ENV": "x", "TEST_PORT": "1"},
        None,
    )
    assert settings.store.redis_url == "redis://redis.test:6380/0"
    assert settings.without_effect() == ["FLASK_ENV", "PROD_MODE", "TEST_PORT"]
    given = load_settings({"REDIS_HOST": "redis.test", "REDIS_URL": "redis://other.test/1"}, None)
    assert given.store.redis_url == "redis://other.test/1"
