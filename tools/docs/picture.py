"""docs/deployment-*.svg: the picture of the local stack in the README, for light pages and for dark ones."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 1140, 414
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
TITLE = (
    "A stack file is previewed and applied by Pulumi; a bucket holds the SavedModels; models hold versions that serve "
    "them; a client asks the default version."
)
MONO = "ui-monospace, SFMono-Regular, Menlo, 'DejaVu Sans Mono', monospace"


@dataclass(frozen=True, kw_only=True)
class Theme:
    """Colours."""

    page: str
    box: str
    line: str
    text: str
    faint: str
    place: str
    accent: str
    accent_box: str


LIGHT = Theme(
    page="#ffffff",
    box="#ffffff",
    line="#8c959f",
    text="#1f2328",
    faint="#59636e",
    place="#f6f8fa",
    accent="#0b62c4",
    accent_box="#e7f1fd",
)
DARK = Theme(
    page="#0d1117",
    box="#161b22",
    line="#6e7681",
    text="#e6edf3",
    faint="#9aa4af",
    place="#11161d",
    accent="#6cb0ff",
    accent_box="#13243a",
)


class _Picture:
    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.parts: list[str] = []

    def box(self, place: tuple[int, int, int, int], *, fill: str = "", line: str = "", dash: str = "") -> None:
        """A rounded rectangle at x, y with this width and height."""
        x, y, width, height = place
        look = f'fill="{fill or self.theme.box}" stroke="{line or self.theme.line}"'
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" {look}{dashes}/>')

    def text(self, x: int, y: int, text: str, kind: str = "", anchor: str = "start") -> None:
        """A line of text; kinds are classes of the style sheet."""
        self.parts.append(f'<text x="{x}" y="{y}" class="{kind}" text-anchor="{anchor}">{escape(text)}</text>')

    def card(self, x: int, y: int, width: int, title: str, *lines: str) -> None:
        """A box with a title in the type of code, and lines below."""
        self.box((x, y, width, 34 + 18 * len(lines)))
        self.text(x + 14, y + 23, title, "code strong")
        for number, line in enumerate(lines, 1):
            self.text(x + 14, y + 23 + 18 * number, line, "small")

    def arrow(self, path: str, *, accent: bool = False) -> None:
        """A line that ends in a point."""
        name, colour = ("accent", self.theme.accent) if accent else ("line", self.theme.line)
        look = f'fill="none" stroke="{colour}" stroke-width="1.6" marker-end="url(#{name})"'
        self.parts.append(f'<path d="{path}" {look}/>')

    def model(self, y: int, height: int, name: str) -> None:
        """A model, in the models' column."""
        self.box((772, y, 202, height))
        self.text(786, y + 24, name, "code strong")
        self.text(786, y + 42, "model", "small")

    def version(self, y: int, name: str, scaling: str, *, default: bool) -> None:
        """A version of a model, and the arrow from the SavedModel that it serves."""
        theme = self.theme
        self.box((786, y, 174, 40), fill=theme.accent_box if default else "", line=theme.accent if default else "")
        self.text(798, y + 17, name, "code strong")
        self.text(798, y + 33, scaling, "small")
        if default:
            self.text(950, y + 17, "default", "accent", "end")
        self.arrow(f"M734 {y + 20} H782")

    def saved_model(self, y: int, recipe: str) -> None:
        """A SavedModel, in the bucket's column."""
        self.box((556, y, 178, 48), fill=self.theme.place)
        self.text(568, y + 20, "SavedModel", "small strong")
        self.text(568, y + 37, recipe, "small")

    def svg(self) -> str:
        """The whole file."""
        size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        page = f'<rect width="{WIDTH}" height="{HEIGHT}" rx="12" fill="{self.theme.page}"/>'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">\n<title>{TITLE}</title>\n'
        return "\n".join([head + _style(self.theme), _points(self.theme), page, *self.parts, "</svg>\n"])


def _style(theme: Theme) -> str:
    rules = (
        f"text{{font:14px {FONT};fill:{theme.text}}}",
        f".small{{font-size:12px;fill:{theme.faint}}}",
        ".strong{font-weight:600}",
        f".code{{font-family:{MONO};font-size:13px}}",
        f".accent{{font-size:12px;font-weight:600;fill:{theme.accent}}}",
    )
    return f"<style>{''.join(rules)}</style>"


def _points(theme: Theme) -> str:
    place = 'viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto"'
    colours = {"line": theme.line, "accent": theme.accent}
    points = (
        f'<marker id="{name}" {place}><path d="M0 1 L9 5 L0 9 z" fill="{colour}"/></marker>'
        for name, colour in colours.items()
    )
    return f"<defs>{''.join(points)}</defs>"


def draw(theme: Theme) -> str:
    """The picture as the text of an SVG file."""
    picture = _Picture(theme)
    _sources(picture)
    _endpoint(picture)
    _client(picture)
    return picture.svg()


def _sources(picture: _Picture) -> None:
    """What is in the repository, and the commands that read it."""
    picture.card(20, 60, 212, "Pulumi.local.yaml", "models, versions, scaling,", "which version is the default")
    picture.card(20, 268, 212, "models/*.py", "recipes: data, training,", "signature, sample instances")
    picture.card(286, 60, 200, "pulumi preview", "the change as a diff:", "no call, no TensorFlow")
    picture.card(286, 164, 200, "pulumi up", "the change is applied")
    picture.card(286, 268, 200, "models build", "trains, exports to build/,", "writes cards to commit")
    picture.arrow("M232 95 H282")
    picture.arrow("M386 130 V160")
    picture.arrow("M232 303 H282")
    picture.arrow("M386 268 V220")
    picture.text(396, 248, "SavedModels", "small")
    picture.arrow("M486 190 H522")


def _endpoint(picture: _Picture) -> None:
    """The endpoint: the bucket and the models in it."""
    picture.box((526, 20, 462, 374), fill=picture.theme.place, dash="5 4")
    picture.text(542, 46, "Cloud Storage and ml v1", "strong")
    picture.text(542, 64, "the emulator on this machine, or Google", "small")
    picture.box((542, 84, 206, 294))
    picture.text(556, 108, "demo-tf2-models", "code strong")
    picture.text(556, 126, "bucket", "small")
    picture.saved_model(140, "fashion_mnist, width 128")
    picture.saved_model(204, "fashion_mnist, width 256")
    picture.saved_model(320, "heart_disease")
    picture.model(84, 180, "fashion_mnist")
    picture.version(144, "v1", "autoScaling, 1 to 2 nodes", default=True)
    picture.version(208, "v2", "manualScaling, 1 node", default=False)
    picture.model(272, 106, "hd_prediction")
    picture.version(324, "v1", "autoScaling, from 1 node", default=True)


def _client(picture: _Picture) -> None:
    """Who asks."""
    picture.box((1008, 216, 124, 72), line=picture.theme.accent)
    picture.text(1070, 240, "client", "strong", "middle")
    picture.text(1070, 260, "prediction", "code", "middle")
    picture.text(1070, 277, "JSON over HTTP", "small", "middle")
    picture.arrow("M1070 216 V164 H964", accent=True)
    picture.arrow("M1070 288 V344 H964", accent=True)
