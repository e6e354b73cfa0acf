"""Calls to addresses that users name: which are refused, which machine is called, and how long it takes at most."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from guildhall.adapters.outside_http import GuardedHttp, Ip
from guildhall.core.outside import AddressRefused, CallFailed, Reply, is_public, parse_address
from tests.services.receiver import hang, receiver, trickle
from tests.serving import free_port

SECONDS = 5.0


class Names:
    """A directory of names that a test writes; every look-up takes the next line of a name, the last one for ever."""

    def __init__(self, **lines: list[str]) -> None:
        self.lines = lines
        self.asked = 0

    async def __call__(self, host: str) -> list[Ip]:
        self.asked += 1
        lines = self.lines[host.replace(".", "_")]
        line = lines.pop(0) if len(lines) > 1 else lines[0]
        return [ip_address(each) for each in line.split()]


@asynccontextmanager
async def calling(
    *, allow_private: bool = False, tls: ssl.SSLContext | None = None, names: Names | None = None
) -> AsyncIterator[GuardedHttp]:
    http = GuardedHttp(allow_private=allow_private, tls=tls, resolve=names)
    yield http
    await http.close()


async def post(http: GuardedHttp, url: str, *, seconds: float = SECONDS, most: int = 0) -> Reply:
    return await http.post(url, headers={"content-type": "application/json"}, body=b"{}", seconds=seconds, most=most)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "hooks.example.org",
        "//hooks.example.org/",
        "http://hooks.example.org/",
        "ftp://hooks.example.org/",
        "https://",
        "https:///path",
        "https://hooks.example.org:0/",
        "https://hooks.example.org:65536/",
        "https://hooks.example.org:x/",
        "https://hooks.example.org:/",
        "https://user@hooks.example.org/",
        "https://user:password@hooks.example.org/",
        "https://@hooks.example.org/",
        "https://hooks.example.org/#part",
        "https://hooks.example.org/ a",
        "https://hooks.example.org/\n",
        "https://hooks.example.org\\@127.0.0.1/",
        "https://hoo%6bs.example.org/",
        "https://münchen.example/",
        "https://-hooks.example.org/",
        "https://hooks..example.org/",
        "https://[hooks.example.org]/",
        "https://[127.0.0.1]/",
        "https://::1/",
        "https://hooks.example.org/" + "x" * 2048,
        f"https://{'x' * 64}.example.org/",
    ],
)
async def test_an_address_that_two_readers_might_understand_differently_is_refused(address: str) -> None:
    async with calling() as http:
        with pytest.raises(AddressRefused) as refused:
            http.check_form(address)
        assert refused.value.details["field"] == "url"
        with pytest.raises(AddressRefused):
            await http.check(address)
        with pytest.raises(AddressRefused):
            await post(http, address)


@pytest.mark.parametrize(
    "host",
    [
        "0.0.0.0",  # noqa: S104  That is refused.
        "0.1.2.3",
        "10.1.2.3",
        "100.64.0.1",
        "100.127.255.254",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "[::]",
        "[::1]",
        "[::7f00:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:8.8.8.8]",
        "[::ffff:0:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b::808:808]",
        "[64:ff9b:1::1]",
        "[100::1]",
        "[2001::1]",
        "[2001:db8::1]",
        "[2002:7f00:1::]",
        "[3fff::1]",
        "[fc00::1]",
        "[fd12:3456::1]",
        "[fe80::1]",
        "[fec0::1]",
        "[ff02::1]",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "127.0.0.01",
        "127.0.0.1.",
        "1.2.3.4.5",
        "999.1.1.1",
        "example.0x",
    ],
)
async def test_a_machine_that_is_not_public_is_refused_however_it_is_written(host: str) -> None:
    async with calling() as http:
        with pytest.raises(AddressRefused):
            http.check_form(f"https://{host}/")
        with pytest.raises(AddressRefused):
            await post(http, f"https://{host}:8443/")


def test_public_machines_are_public_and_addresses_are_read_as_they_are_written() -> None:
    for text in ("1.1.1.1", "8.8.8.8", "100.63.255.255", "172.32.0.1", "2606:4700:4700::1111", "2a00:1450::1"):
        assert is_public(ip_address(text))
    assert not is_public(IPv6Address("2606:4700::1%eth0"))
    read = parse_address("https://Hooks.Example.org./in?key=1")
    assert (read.host, read.port, read.target, read.authority) == (
        "hooks.example.org", 443, "/in?key=1", "hooks.example.org",
    )  # fmt: skip
    read = parse_address("https://[2606:4700::1]:8443")
    assert (read.ip, read.target, read.authority) == (IPv6Address("2606:4700::1"), "/", "[2606:4700::1]:8443")
    assert parse_address("https://1.1.1.1/").ip == IPv4Address("1.1.1.1")


async def test_a_name_is_refused_when_any_machine_behind_it_is_not_public_or_there_is_none() -> None:
    names = Names(good_test=["1.1.1.1 2606:4700::1"], mixed_test=["1.1.1.1 10.0.0.1"], mapped_test=["::ffff:10.0.0.1"])
    async with calling(names=names) as http:
        await http.check("https://good.test/")
        for host in ("mixed.test", "mapped.test"):
            http.check_form(f"https://{host}/")
            with pytest.raises(AddressRefused, match="public network"):
                await http.check(f"https://{host}/")
    async with calling() as http:
        with pytest.raises(AddressRefused, match="public network"):
            await http.check("https://localhost/")
        with pytest.raises(AddressRefused, match="no machine"):
            await http.check("https://no-such-name.invalid/")
        with pytest.raises(CallFailed, match="no machine"):
            await post(http, "https://no-such-name.invalid/")


async def test_a_name_that_is_pointed_elsewhere_after_it_was_saved_is_refused_when_it_is_called() -> None:
    async with receiver() as server:
        names = Names(rebound_test=["1.1.1.1", "127.0.0.1"])
        async with calling(names=names) as http:
            await http.check("https://rebound.test/")
            with pytest.raises(AddressRefused):
                await post(http, f"https://rebound.test:{server.port}/")
        assert server.arrived == []


async def test_the_judged_machine_is_called_and_the_name_is_said_in_tls_and_in_the_host_header(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, "hooks.test")
    identity = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    identity.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=certificate)
    names = Names(hooks_test=["127.0.0.1"], other_test=["127.0.0.1"])
    async with receiver(identity) as server:
        async with calling(allow_private=True, tls=trusting, names=names) as http:
            assert (await post(http, f"https://hooks.test:{server.port}/in?a=%20b")).status == 204
            assert names.asked == 1, "the name was looked up once, and judged and called is the same"
            (request,) = server.arrived
            assert (request.headers["host"], request.path) == (f"hooks.test:{server.port}", "/in?a=%20b")
            assert server.names == ["hooks.test"]
            # Another name on the same machine must prove itself: no connection is shared with the first.
            with pytest.raises(CallFailed, match="certificate is not valid"):
                await post(http, f"https://other.test:{server.port}/")
        async with calling(allow_private=True, names=names) as http:
            with pytest.raises(CallFailed, match="certificate is not valid"):
                await post(http, f"https://hooks.test:{server.port}/")
        assert len(server.arrived) == 1


async def test_the_next_machine_of_a_name_is_tried_when_the_first_takes_no_connection() -> None:
    async with receiver() as server, calling(allow_private=True, names=Names(two_test=["::1 127.0.0.1"])) as http:
        assert (await post(http, f"http://two.test:{server.port}/")).status == 204
        with pytest.raises(CallFailed, match="refused"):
            await post(http, f"http://two.test:{free_port()}/")


async def test_redirects_are_answers_cookies_are_forgotten_and_only_the_beginning_of_a_body_is_read() -> None:
    async with receiver() as server, calling(allow_private=True) as http:
        server.says(302, Location=f"{server.url}/elsewhere", **{"Set-Cookie": "a=b"})
        assert (await post(http, f"{server.url}/first")).status == 302
        server.answer = trickle
        assert (await post(http, f"{server.url}/second", most=5)).body == b"....."
        assert (await post(http, f"{server.url}/third")).body == b"", "not waited for when nobody wants it"
        assert [each.path for each in server.arrived] == ["/first", "/second", "/third"]
        assert "cookie" not in server.arrived[1].headers


async def test_a_call_ends_in_time_whatever_the_receiver_does() -> None:
    async with receiver() as server, calling(allow_private=True) as http:
        for answer in (hang, trickle):
            server.answer = answer
            with pytest.raises(CallFailed, match=r"No answer within 0\.2 seconds"):
                await post(http, server.url, seconds=0.2, most=1 << 20)
    for line in (b"", b"HTTP/1.1 200 OK\r\n", b"nonsense\r\n\r\n"):
        async with bare_server(line) as port, calling(allow_private=True) as http:
            with pytest.raises(CallFailed, match=r"No answer within|not HTTP"):
                await post(http, f"http://127.0.0.1:{port}/", seconds=0.2)
    async with bare_server(b"", hangs_up=True) as port, calling(allow_private=True) as http:
        with pytest.raises(CallFailed, match=r"not HTTP|broke off"):
            await post(http, f"http://127.0.0.1:{port}/")
        with pytest.raises(CallFailed, match=r"secure connection|broke off|No connection"):
            await post(http, f"https://127.0.0.1:{port}/")


async def test_slow_names_hold_up_nobody_else() -> None:
    async def slow(host: str) -> list[Ip]:
        if host == "slow.test":
            await asyncio.Event().wait()
        return [IPv4Address("127.0.0.1")]

    async with receiver() as server:
        http = GuardedHttp(allow_private=True, resolve=slow)
        waiting = asyncio.create_task(post(http, f"http://slow.test:{server.port}/", seconds=0.5))
        assert (await post(http, f"http://quick.test:{server.port}/")).status == 204
        with pytest.raises(CallFailed, match="No answer within"):
            await waiting
        await http.close()


@asynccontextmanager
async def bare_server(line: bytes, *, hangs_up: bool = False) -> AsyncIterator[int]:
    """Run a server that says one line to everybody, and then nothing."""
    open_ones: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones.append(writer)
        await reader.read(1)
        writer.write(line)
        if hangs_up:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in open_ones:
            writer.close()


def make_certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """Write a certificate for a name that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths
