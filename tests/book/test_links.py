"""The checker of outside links, on links of this machine."""

import shutil

import pytest
import yaml

from tools.checks.browser import served
from tools.checks.links import check
from tools.run import HOME


@pytest.fixture
def book(tmp_path):
    root = tmp_path / "book"
    shutil.copytree(HOME / "tests" / "small_book", root)
    configuration = (HOME / "_config.yml").read_text("utf-8")
    (root / "_config.yml").write_text(
        configuration.replace("tools/pages", str(HOME / "tools" / "pages")), "utf-8"
    )
    (root / "assets").symlink_to(HOME / "assets")
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "here.html").write_text("<p id='place'>here</p>", "utf-8")
    return root


@pytest.mark.slow
def test_a_dead_link_is_found_and_a_living_one_is_not(book, tmp_path, capfd):
    with served(tmp_path / "web") as address, (book / "index.md").open("a") as page:
        page.write(f"\n[here]({address}/here.html)\n\n[gone]({address}/gone.html)\n")
        page.flush()
        assert check(book) == 1
        told = capfd.readouterr()
        assert f"broken: {address}/gone.html (404" in told.err
        assert "here.html" not in told.err
        assert "1 broken, 1 working" in told.out
        text = (book / "index.md").read_text("utf-8")
        (book / "index.md").write_text(text.replace("gone.html", "here.html#place"), "utf-8")
        assert check(book) == 0
    assert not (book / "_build" / "html").exists()
    assert not (book / "book" / "runs.log").exists()  # nothing was executed


@pytest.mark.slow
def test_a_check_that_asks_nothing_has_failed(book, capfd):
    assert check(book) == 1
    assert "no link was asked" in capfd.readouterr().err


def test_the_workflow_runs_on_schedule_and_stops_no_build():
    folder = HOME / ".github" / "workflows"
    workflow = yaml.safe_load((folder / "links.yml").read_text("utf-8"))
    triggers = workflow[True]  # YAML 1.1 reads `on` so
    assert set(triggers) == {"schedule", "workflow_dispatch"}
    commands = [step.get("run") for job in workflow["jobs"].values() for step in job["steps"]]
    assert {"make links", "make binder"} <= set(commands)
    book = yaml.safe_load((folder / "book.yml").read_text("utf-8"))
    assert "links" not in str(book["jobs"])
