import subprocess
import sys
from pathlib import Path

from tests.infra.guard.previews import dataset, document, step, topic


def run(*arguments: str | Path, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "infra", "guard", *map(str, arguments)],
        input=given,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_a_change_in_place_passes_and_its_comment_is_written(tmp_path: Path) -> None:
    (tmp_path / "preview.json").write_text(document(step("update", topic(), topic(name="x"))))
    done = run(tmp_path / "preview.json", "--comment", tmp_path / "comment.md")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "1 to update" in (tmp_path / "comment.md").read_text("utf-8")


def test_lost_data_fails_the_check_and_the_comment_is_there_all_the_same() -> None:
    done = run("-", given=document(step("delete", dataset(), None)))
    assert done.returncode == 1
    assert "**Refused" in done.stdout
    assert "error: This change of 'prod' is refused:\n  warehouse-dataset:" in done.stderr


def test_a_secret_that_pulumi_yaml_can_not_mark_is_refused_in_plain_text_too() -> None:
    config = {"ai-cost-monitoring:grafana_sql_client_secret": "in-plain-text"}
    done = run("-", given=document(step("same", topic(), topic()), config=config))
    assert done.returncode == 1
    assert "grafana_sql_client_secret stands in plain text" in done.stderr
    assert "in-plain-text" not in done.stdout + done.stderr


def test_what_is_no_preview_is_a_message_and_no_traceback(tmp_path: Path) -> None:
    done = run("-", given="Previewing update")
    assert done.returncode == 1
    assert "pulumi preview --json --show-sames" in done.stderr
    assert "Traceback" not in done.stderr
    assert run(tmp_path / "no.json").returncode == 2
