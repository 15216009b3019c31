"""Draws the diagrams of the pages: ``python docs/render_diagrams.py PATH/TO/mermaid.min.js``.

Only needed after a diagram was changed. ``npm install mermaid`` brings the script, in
``node_modules/mermaid/dist/``; Chromium has to be installed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from hooks import DIAGRAM, DRAWN, digest_of, name_of

PAGE = """<!doctype html><body><script src="{script}"></script><script>
mermaid.initialize({{startOnLoad: false, theme: "neutral", htmlLabels: false,
                     flowchart: {{htmlLabels: false}}, fontFamily: "sans-serif"}});
mermaid.render("{name}", {text}).then(drawn => {{
    const svg = new DOMParser().parseFromString(drawn.svg, "image/svg+xml");
    document.body.innerText = "BEGIN" + new XMLSerializer().serializeToString(svg) + "END";
}});
</script>"""


def draw(script: Path, name: str, text: str) -> str:
    """A diagram as SVG."""
    with tempfile.TemporaryDirectory() as directory:
        page = Path(directory) / "page.html"
        page.write_text(
            PAGE.format(script=script.resolve().as_uri(), name=name, text=json.dumps(text))
        )
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu"]
        command += ["--virtual-time-budget=20000", "--dump-dom", page.as_uri()]
        drawn = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    shown = drawn.stdout
    found = re.search(r"BEGIN(.*)END", shown.replace("<br>", "\n"), re.DOTALL)
    if found is None:
        raise ValueError(f"{name} was not drawn:\n{shown}")
    svg = found[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    # Without a size of its own an image is as wide as the page lets it be.
    width, height = re.search(r'viewBox="\S+ \S+ (\S+) (\S+)"', svg).groups()  # type: ignore[union-attr]
    return svg.replace('width="100%"', f'width="{width}" height="{height}"', 1)


def main() -> None:
    """Draw every diagram whose drawing is not current."""
    script = Path(sys.argv[1])
    for page in [*DRAWN.parent.rglob("*.md")]:
        for found in DIAGRAM.finditer(page.read_text()):
            text, name = found[1], name_of(found[1])
            drawn = DRAWN / f"{name}.svg"
            if not drawn.exists() or not drawn.read_text().startswith(digest_of(text)):
                drawn.write_text(f"{digest_of(text)}\n{draw(script, name, text)}\n")
                sys.stdout.write(f"drew {name}\n")


if __name__ == "__main__":
    main()
