from __future__ import annotations

import re

import pytest

from dualwire.http.ops import FILES
from tests.http.site import Site


async def test_the_page_is_served_with_all_that_it_names(site: Site) -> None:
    redirect = await site.http.get("/ops")
    assert redirect.status_code == 307
    page = await site.http.get(redirect.headers["location"])
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    names = re.findall(r'(?:src|href)="\./([^"]+)"', page.text)
    assert names
    for name in names:
        answer = await site.http.get(f"/ops/{name}")
        assert answer.status_code == 200, name
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_page_runs_nothing_but_its_own(site: Site) -> None:
    page = await site.http.get("/ops/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<(script|style)>", page.text), "the policy would not let it run"
    assert not re.search(r"https?://(?!www\.w3\.org)", page.text), "nothing comes from elsewhere"


@pytest.mark.parametrize("name", ["nothing.js", "../ops.py", "..%2f..%2fops.py", "assets", "%00"])
async def test_nothing_else_is_served(site: Site, name: str) -> None:
    assert (await site.http.get(f"/ops/{name}")).status_code == 404


def test_the_page_is_there_without_node() -> None:
    assert (FILES / "index.html").is_file()
    assert (FILES / "assets/ops.js").stat().st_size < 400_000
