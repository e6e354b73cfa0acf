"""The hub's configuration file, as an operator edits it beside a running server."""

import shutil
import signal
from pathlib import Path

import httpx

from tests.cli.program import run, serving
from tests.services.programs import free_port, wait_until

MASTER_KEY = "chb_admin_0123456789abcdefghijklmnopqrstuvwxyzABCD"
EXAMPLE = Path(__file__).parents[2] / "docs" / "hub.toml"


def test_the_file_is_applied_at_the_start_and_on_a_signal_and_a_faulty_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "hub.toml"
    settings = {"COMMONSHUB_CONFIG": str(path), "ADMIN_API_KEY": MASTER_KEY}
    path.write_text("[tokens.CHT]\nhourly = true\n")
    refused = run(tmp_path, "serve", PORT=str(free_port()), **settings)
    assert refused.returncode == 1
    assert "Line 2: tokens.CHT.hourly: " in refused.stderr
    assert "Traceback" not in refused.stderr

    shutil.copy(EXAMPLE, path)
    with serving(tmp_path, **settings) as program:

        def slots() -> list[str]:
            headers = {"Authorization": f"Bearer {MASTER_KEY}"}
            day = httpx.get(f"{program.url}/v1/shifts/2026-06-01", headers=headers).json()
            return [slot["start"] for slot in day["slots"]]

        assert slots() == ["08:30", "11:30", "14:30"]
        path.write_text("[[shift_plans]]\nvalid_from = 2026-01-01\nslots = [{ start = '09:00' }]\n")
        program.process.send_signal(signal.SIGHUP)
        assert wait_until(lambda: "Line 3: shift_plans.slots" in program.log)
        assert slots() == ["08:30", "11:30", "14:30"]
        path.write_text("[[shift_plans]]\nvalid_from = 2026-01-01\nslots = [{ start = '09:00', end = '12:00' }]\n")
        program.process.send_signal(signal.SIGHUP)
        assert wait_until(lambda: slots() == ["09:00"])
