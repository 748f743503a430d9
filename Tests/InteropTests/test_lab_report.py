"""The report of the lab as people get it: a page in real browsers, drawings as files; whatever they hold is well-formed."""

import json
import os
import pathlib
import re
import subprocess
import xml.etree.ElementTree as xml

import pytest

from conftest import SCREENSHOTS
from martlet_program import BUILD

SVG = "{http://www.w3.org/2000/svg}"
HTML = "{http://www.w3.org/1999/xhtml}"


def lab(*arguments):
    command = [str(BUILD / "martlet"), "lab", *map(str, arguments)]
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=100)
    assert run.returncode == 0, run.stderr.decode()
    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small experiment with all that there are plots of."""
    folder = tmp_path_factory.mktemp("lab") / "results"
    lab("--channel", "ordered,unordered:rtx=0", "--loss", "1%,10%", "--delay", "20ms", "--blackout", "1s+200ms",
        "--rate", "60", "--duration", "3s", "--seeds", "2", "-o", folder)
    return folder


def parsed(path):
    return xml.fromstring(path.read_bytes())


def test_the_page_and_the_drawings_are_well_formed(folder):
    page = parsed(folder / "report.html")
    figures = [figure.get("id") for figure in page.iter(f"{HTML}figure")]
    assert {"delivered-1", "latency-1", "latency-2", "time-1", "waiting-1"} <= set(figures)
    for drawing in page.iter(f"{SVG}svg"):
        if drawing.get("role") == "img":
            ids = {child.get("id"): child for child in drawing if child.get("id")}
            named = [ids[name].text for name in drawing.get("aria-labelledby").split()]
            assert len(named) == 2 and all(named)
    identifiers = [element.get("id") for element in page.iter() if element.get("id")]
    assert len(identifiers) == len(set(identifiers))

    lab("show", folder, "--svg", folder / "plots")
    drawings = sorted(path.stem for path in (folder / "plots").iterdir())
    assert drawings == sorted(figures)
    for name in drawings:
        assert parsed(folder / "plots" / f"{name}.svg").tag == f"{SVG}svg"


def test_the_command_in_the_page_makes_the_same_numbers_again(folder, tmp_path):
    command = parsed(folder / "report.html").find(f".//{HTML}pre").text.split()
    assert command[:2] == ["martlet", "lab"]
    lab(*command[2:], "-o", tmp_path / "again.json")
    first, again = (json.loads(path.read_text()) for path in (folder / "report.json", tmp_path / "again.json"))
    assert first["results"] == again["results"]


def test_what_a_hostile_report_says_is_text(folder, tmp_path):
    report = json.loads((folder / "report.json").read_text())
    hostile = "</title><script>document.title='x'</script><img src=x onerror=alert(1)>&'\"\u202e"
    report["plan"]["title"] = report["partner"] = hostile
    for scenario in [*report["plan"]["scenarios"], *(result["scenario"] for result in report["results"])]:
        scenario["name"] = hostile
    path = tmp_path / "hostile.json"
    path.write_text(json.dumps(report))
    lab("show", path, "--html", tmp_path / "hostile.html")
    page = parsed(tmp_path / "hostile.html")
    assert not list(page.iter(f"{HTML}script")) and not list(page.iter(f"{HTML}img"))
    assert page.find(f".//{HTML}h1").text == hostile.replace("\u202e", "\ufffd")


async def test_browsers_show_it_light_and_dark_wide_and_narrow(folder, browser, tmp_path):
    page = await browser.open((folder / "report.html").as_uri())
    visible = "[...document.querySelectorAll('figure')].map((figure) => " \
        "[...figure.querySelectorAll('svg')].filter((svg) => svg.getBoundingClientRect().width > 0)" \
        ".map((svg) => svg.classList.contains('wide') ? 'wide' : 'narrow').join())"
    for width, which in ((1100, "wide"), (500, "narrow")):
        await page.resize(width, 800)
        # The page's own policy lets its style through, by its hash: without it both would be seen.
        await page.wait_for(f"{visible}.every((one) => one === '{which}')")
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        outside = await page.evaluate(
            "[...document.querySelectorAll('figure svg text')].filter((text) => { const svg = text.ownerSVGElement"
            ".getBoundingClientRect(), box = text.getBoundingClientRect(); return box.width > 0 && (box.left < svg.left - 1"
            " || box.right > svg.right + 1 || box.bottom > svg.bottom + 1) }).map((text) => text.textContent)")
        assert outside == []
        overlapping = await page.evaluate(
            "[...document.querySelectorAll('figure svg')].flatMap((svg) => { const boxes = [...svg.querySelectorAll('text')]"
            ".map((text) => [text.textContent, text.getBoundingClientRect()]).filter(([, box]) => box.width > 0);"
            "return boxes.flatMap(([a, one], index) => boxes.slice(index + 1).filter(([, two]) => one.left < two.right - 1"
            " && two.left < one.right - 1 && one.top < two.bottom - 4 && two.top < one.bottom - 4)"
            ".map(([b]) => `${a} / ${b}`)) })")
        assert overlapping == []
    # Chromium can switch; Firefox is one of the two for the whole run.
    can_switch = hasattr(page, "prefer")
    for scheme in ("light", "dark") if can_switch else ("dark" if os.environ.get("MARTLET_DARK") else "light",):
        if can_switch:
            await page.prefer(scheme)
        for element, is_bright in (("documentElement", scheme == "light"), ("querySelector('h1')", scheme == "dark")):
            colour = "backgroundColor" if element == "documentElement" else "color"
            shown = await page.evaluate(f"getComputedStyle(document.{element}).{colour}")
            assert (sum(map(int, re.findall(r"\d+", shown)[:3])) > 3 * 128) == is_bright, (scheme, element, shown)
        await pictures(page, f"{scheme}-{browser.name}")
    assert page.console == []


async def pictures(page, look):
    """The whole report, as wide as a screen and as a phone, for people."""
    if not SCREENSHOTS:
        return
    folder = pathlib.Path(SCREENSHOTS)
    folder.mkdir(parents=True, exist_ok=True)
    for size, width in (("wide", 1100), ("phone", 400)):
        await page.resize(width, 800)
        await page.resize(width, await page.evaluate("document.documentElement.scrollHeight"))
        await page.screenshot(folder / f"lab-report-{size}-{look}.png")
