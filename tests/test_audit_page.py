"""The audit page in a browser: from a figure to a raw file by mouse and by keyboard, and readable without script."""

import os
import re
import shutil
import struct
import zlib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

import audited
from audited import EXPERIMENT, FIGURE, copied, opened, raw_file
from xps import figure_records, provenance
from xps.audit import lineage, page, page_fits, page_graph

NAME = f"{EXPERIMENT}_spectra"


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return audited.once(tmp_path_factory)


@pytest.fixture(scope="session")
def html(finished: Path) -> str:
    return (finished / "results/audit.html").read_text(encoding="utf-8")


def figures_of(root: Path) -> list[Path]:
    """The figures in the order of the configuration, which the page keeps."""
    return [root / f"results/figures/{EXPERIMENT}_{kind}.pdf" for kind in ("spectra", "kinetics")]


# --- the page as text --------------------------------------------------------------------------------------------


def test_the_rule_wrote_what_the_library_writes(finished: Path, html: str) -> None:
    assert page.page(opened(finished), figures_of(finished)).decode() == html


def test_the_page_is_one_file_that_loads_nothing(html: str) -> None:
    assert re.findall(r'\b(?:src|srcset|data|action)="', html) == []
    assert "default-src 'none'" in html
    links = re.findall(r'\bhref="([^"]*)"', html)
    assert {link for link in links if not link.startswith(("#", "data:,", "data:image/png;base64,"))} == {
        f"figures/{path}.pdf" for path in (NAME, f"{EXPERIMENT}_kinetics")
    }


def test_each_picture_is_held_once_and_shown_twice(html: str) -> None:
    for name in (NAME, f"{EXPERIMENT}_kinetics"):
        assert html.count(f'<image id="picture-{name}"') == 1
        assert html.count(f'<use href="#picture-{name}"/>') == 2
    assert html.count("data:image/png;base64,") == 2


class Page(HTMLParser):
    """Names of places and links, and a check that every element is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.places: list[str] = []
        self.links: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.places += [given["id"]] if "id" in given else []
        self.links |= {given["href"][1:]} if given.get("href", "").startswith("#") else set()
        if tag not in {"meta", "link", "img", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.places += [value for name, value in attrs if name == "id" and value]
        self.links |= {value[1:] for name, value in attrs if name == "href" and value and value.startswith("#")}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_every_link_leads_somewhere_and_every_place_is_named_once(html: str) -> None:
    read = Page()
    read.feed(html)
    assert read.open == []
    assert len(read.places) == len(set(read.places))
    assert read.links - set(read.places) == set()
    assert {f"figure-{NAME}", "raw", "steps", "fits"} <= set(read.places)


def test_the_page_names_raw_files_with_their_hashes_and_every_setting(finished: Path, html: str) -> None:
    for path in (finished / "raw" / EXPERIMENT).iterdir():
        assert provenance.file_sha256(path) in html
    assert "models.lagp_al2p.components.0.fwhm_ev.low" in html
    assert "Every link holds" in html
    assert "simulated data" in html


def test_a_broken_link_is_shown(finished: Path, tmp_path: Path) -> None:
    project = copied(finished, tmp_path / "copy")
    data = bytearray(raw_file(project).read_bytes())
    data[-1] ^= 1
    raw_file(project).write_bytes(bytes(data))
    told = page.page(opened(project), figures_of(project)).decode()
    assert "broken links" in told
    assert f"raw file <code>raw:{EXPERIMENT}/{raw_file(project).name}</code>" in told
    assert "Every link holds" not in told
    assert 'class="broken"' in told


def test_without_figures_the_page_says_so_and_stands(finished: Path) -> None:
    assert "0 figures" in page.page(opened(finished), []).decode()


def test_words_from_outside_are_shown_and_never_run(finished: Path, tmp_path: Path) -> None:
    artefact = lineage.read(finished / FIGURE)
    name = next(iter(artefact.steps))
    hostile = "<script>alert(1)</script>\"'&"
    record = artefact.steps[name]
    forged = provenance.Record(**{**{k: getattr(record, k) for k in record.__slots__}, "rule": hostile})
    shown = page_graph.svg(
        lineage.Artefact(artefact.path, artefact.record, "0", steps={**artefact.steps, name: forged}), set()
    )
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_the_graph_has_one_box_per_step_and_leads_from_left_to_right(finished: Path) -> None:
    drawn = page_graph.boxes(lineage.read(finished / FIGURE), set())
    titles = [box.title for box in drawn.values()]
    assert titles.count("fit_components") == 1
    assert titles[-1] == "render_figure"
    for box in drawn.values():
        assert all(drawn[key].column < box.column for key in box.inputs)
    assert sum(box.column == 0 for box in drawn.values()) == 1


def test_the_fits_behind_a_figure_are_those_of_its_numbers(finished: Path) -> None:
    fits = page_fits.read(opened(finished), [EXPERIMENT])
    behind = page_fits.chosen(fits, lineage.read(finished / FIGURE))
    assert {(fit.key[1], fit.key[3]) for fit in behind} == {("lagp_al2p", "Al2p"), ("adventitious_c1s", "C1s")}
    kinetics = page_fits.chosen(fits, lineage.read(finished / f"results/figures/{EXPERIMENT}_kinetics.pdf"))
    assert {fit.key[1] for fit in kinetics} == {"lagp_al2p"}
    assert all("<path" in fit.drawing for fit in behind)


def test_a_thumbnail_is_the_picture_that_the_figure_carries(finished: Path) -> None:
    png = figure_records.thumbnail((finished / FIGURE).read_bytes())
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    body = png[png.index(b"IDAT") + 4 : png.index(b"IEND") - 8]
    rows = zlib.decompress(body)
    assert len(rows) == height * (1 + width)
    colours = png[png.index(b"PLTE") + 4 : png.index(b"IDAT") - 8]
    assert 3 * max(rows) < len(colours) <= 3 * 256
    assert max(colours) == 255 > min(colours)


@pytest.mark.parametrize("data", [b"", b"%PDF-1.4"])
def test_a_pdf_without_picture_has_none(data: bytes) -> None:
    assert figure_records.thumbnail(data) == b""


# --- the page in a browser ---------------------------------------------------------------------------------------


def browser(folder: Path, script: bool = True):
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    arguments = [
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--window-size=1300,1000",
    ]
    for argument in (*arguments, f"--user-data-dir={folder}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    if not script:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    driver = shutil.which("chromedriver")
    assert driver, "chromium and chromedriver are needed: apt-get install chromium chromium-driver"
    environment = {**os.environ, "HOME": str(folder), "SE_OFFLINE": "true"}
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(driver, env=environment))


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory, finished: Path) -> Iterator:
    opened_browser = browser(tmp_path_factory.mktemp("chromium"))
    opened_browser.get((finished / "results/audit.html").as_uri())
    yield opened_browser
    opened_browser.quit()


@pytest.fixture
def at_home(chromium):
    """The browser on the gallery."""
    # The page answers to a new address a moment later, and moves the focus then.
    chromium.execute_async_script("location.hash = 'figures'; setTimeout(arguments[0], 200)")
    wait(chromium, "figures")
    return chromium


def wait(driver, place: str) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    shown = f"return document.getElementById({place!r}).getClientRects().length > 0"
    WebDriverWait(driver, 10).until(lambda one: one.execute_script(shown))


def visible(driver) -> list[str]:
    script = "return [...document.querySelectorAll('.view')].filter(v => v.getClientRects().length).map(v => v.id)"
    return driver.execute_script(script)


@pytest.mark.slow
def test_clicks_lead_from_a_figure_to_a_raw_file(at_home, finished: Path) -> None:
    from selenium.webdriver.common.by import By

    assert visible(at_home) == ["figures"]
    at_home.find_element(By.CSS_SELECTOR, f'a[href="#figure-{NAME}"]').click()
    wait(at_home, f"figure-{NAME}")
    assert visible(at_home) == [f"figure-{NAME}"]
    step = f"step-parse_spectra-{EXPERIMENT}"
    at_home.find_element(By.CSS_SELECTOR, f'#figure-{NAME} .graph a[href="#{step}"]').click()
    wait(at_home, step)
    spe = raw_file(finished)
    place = f"raw-file-{EXPERIMENT}-{spe.name}"
    at_home.find_element(By.CSS_SELECTOR, f'#{step} a[href="#{place}"]').click()
    wait(at_home, place)
    assert visible(at_home) == ["raw"]
    row = at_home.find_element(By.ID, place)
    assert provenance.file_sha256(spe) in row.text
    assert "verified" in row.text
    assert at_home.get_log("browser") == []


@pytest.mark.slow
def test_a_panel_leads_to_its_fit(at_home) -> None:
    from selenium.webdriver.common.by import By

    at_home.find_element(By.CSS_SELECTOR, f'a[href="#figure-{NAME}"]').click()
    wait(at_home, f"figure-{NAME}")
    link = at_home.find_element(By.CSS_SELECTOR, f'#figure-{NAME} a[href^="#fit-"]')
    place = link.get_attribute("href").partition("#")[2]
    link.click()
    wait(at_home, place)
    assert "reduced χ²" in at_home.find_element(By.ID, place).text


@pytest.mark.slow
def test_the_keyboard_alone_is_enough(at_home) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    def press(*keys: str) -> None:
        ActionChains(at_home).send_keys(*keys).perform()

    at_home.execute_script("document.querySelector('ul.gallery a').focus()")
    press(Keys.ARROW_RIGHT, Keys.ENTER)
    wait(at_home, f"figure-{EXPERIMENT}_kinetics")
    for _ in range(40):
        press(Keys.TAB)
        focused = at_home.switch_to.active_element
        if (focused.get_attribute("href") or {}) and "raw-" in str(at_home.execute_script(HREF)):
            break
    press(Keys.ENTER)
    wait(at_home, f"raw-{EXPERIMENT}")
    assert visible(at_home) == ["raw"]
    press(Keys.ESCAPE)
    wait(at_home, "figures")
    assert visible(at_home) == ["figures"]
    assert at_home.get_log("browser") == []


HREF = "return document.activeElement.getAttribute('href')"


@pytest.mark.slow
def test_without_script_everything_is_on_the_page(finished: Path, tmp_path: Path) -> None:
    from selenium.webdriver.common.by import By

    driver = browser(tmp_path, script=False)
    try:
        driver.get((finished / "results/audit.html").as_uri())
        text = driver.find_element(By.TAG_NAME, "body").text
        assert driver.find_element(By.TAG_NAME, "body").get_attribute("class") == ""
        for words in ("Every link holds", NAME, "Lineage", "parse_spectra", provenance.file_sha256(raw_file(finished))):
            assert words in text
        driver.find_element(By.CSS_SELECTOR, f'a[href="#figure-{NAME}"]').click()
        assert driver.current_url.endswith(f"#figure-{NAME}")
    finally:
        driver.quit()
