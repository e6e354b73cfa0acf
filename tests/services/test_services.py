"""The servers that all other tests lean on do what is promised of them."""

import subprocess
import sys
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import httpx
import psycopg
import pytest
from obstore.store import S3Store
from redis import Redis

from tests.services.host import Host
from tests.services.plugin import SERVICES
from tests.services.programs import ServiceError, accepts_connections, wait_until
from tests.services.s3 import S3Server
from tests.services.smtp import SmtpServer
from tests.services.smtp_program import PASSWORD, USER


def test_postgresql_lets_many_clients_in_and_waits_for_no_disk(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        settings = {name: connection.execute(f"SHOW {name}").fetchone() for name in ("max_connections", "fsync")}
    assert settings == {"max_connections": ("300",), "fsync": ("off",)}


@pytest.mark.parametrize("attempt", [1, 2])
def test_redis_is_empty_when_a_test_begins(redis_url: str, attempt: int) -> None:
    with Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left behind", attempt)


def test_each_bucket_is_new_and_keeps_what_is_put_in(s3_server: S3Server) -> None:
    buckets = [s3_server.make_bucket().rpartition("@")[2] for _ in range(2)]
    assert len(set(buckets)) == 2
    full, empty = (
        S3Store(
            bucket,
            endpoint=s3_server.endpoint,
            access_key_id=s3_server.key,
            secret_access_key=s3_server.secret,
            region=s3_server.region,
            client_options={"allow_http": True},
        )
        for bucket in buckets
    )
    full.put("greeting", b"hello")
    assert full.get("greeting").bytes().to_bytes() == b"hello"
    with pytest.raises(FileNotFoundError):
        empty.get("greeting")


async def test_mail_is_kept_refused_or_put_off_by_the_name_of_its_recipient(smtp_server: SmtpServer) -> None:
    def mail(to: str) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "hall@example.org", to, "Grüße"
        message.set_content("Come in.\n")
        return message

    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=smtp_server.port) as client:
        await client.send_message(mail("ann@example.org"))
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
            await client.send_message(mail("refuse-bob@example.org"))
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as put_off:
            await client.send_message(mail("later-cid@example.org"))
        await client.login(USER, PASSWORD)
        await client.send_message(mail("later-cid@example.org"))

    assert [each.code for each in (*refused.value.recipients, *put_off.value.recipients)] == [550, 451]
    kept = await smtp_server.next_mail("ann@example.org")
    assert (kept.sender, kept.user, kept.message["Subject"]) == ("hall@example.org", None, "Grüße")
    assert kept.message.get_content().splitlines() == ["Come in."]
    assert [each.user for each in smtp_server.mails()] == [None, USER]


async def test_the_mailbox_is_empty_when_a_test_begins(smtp_server: SmtpServer) -> None:
    assert smtp_server.mails() == []
    with pytest.raises(TimeoutError):
        await smtp_server.next_mail("ann@example.org", within=0.05)


async def test_a_wrong_password_is_refused(smtp_server: SmtpServer) -> None:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=smtp_server.port) as client:
        with pytest.raises(aiosmtplib.SMTPAuthenticationError):
            await client.login(USER, "wrong")


def test_every_process_of_a_run_is_told_of_the_same_server(service: Callable[[str], str], postgres_url: str) -> None:
    assert service("postgres") == postgres_url


def test_a_service_that_cannot_start_says_why_to_everybody_who_asks() -> None:
    attempts = []

    def broken(host: Host, folder: object) -> None:
        attempts.append(folder)
        raise ServiceError("the programs are missing")

    host = Host({"broken": broken})  # type: ignore[dict-item]  # It never gets as far as returning anything.
    try:
        for _ in range(2):
            with pytest.raises(ServiceError, match="the programs are missing"):
                host.need("broken")
    finally:
        host.close()
    assert len(attempts) == 1


HOST_PROGRAM = """
import sys
from tests.services.host import Host, ask
from tests.services.plugin import SERVICES

host = Host(SERVICES)
print(host.address, ask(host.address, sys.argv[1]), flush=True)
if sys.stdin.readline():
    host.close()
"""


@pytest.mark.parametrize("service_name", ["postgres", "s3"])
@pytest.mark.parametrize("ends", ["by being killed", "by closing"])
def test_no_server_outlives_the_run_that_started_it(service_name: str, ends: str) -> None:
    assert service_name in SERVICES
    with subprocess.Popen(
        [sys.executable, "-c", HOST_PROGRAM, service_name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdin
        assert run.stdout
        host_address, service_address = run.stdout.readline().split()
        port = httpx.URL(service_address).port
        assert port
        assert accepts_connections(port)
        if ends == "by being killed":
            run.kill()
        else:
            run.stdin.write("end\n")
            run.stdin.flush()
    assert wait_until(lambda: not accepts_connections(port), within=20)

    def is_cleared_away() -> bool:
        Host({}).close()  # The next run clears away what a killed one could not.
        return not Path(host_address).parent.exists()

    assert wait_until(is_cleared_away, within=20)
