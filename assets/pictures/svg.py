#!/usr/bin/env python3
"""Turns a screen of a terminal, text with SGR escapes on stdin, into one self-contained SVG on stdout.

Owns how a cell is drawn. Knows nothing of what is on the screen, and refuses a character it cannot place exactly.

Letters are text, each at its own place, so that no font can shift them. Lines, blocks and signs are shapes: of one
colour all in one path, so that no seam shows between two cells at any zoom.
"""

import argparse
import math
import re
import sys
import unicodedata
from collections import defaultdict
from typing import NamedTuple
from xml.sax.saxutils import escape

# A cell, in pixels. Odd heights have a middle row; the middle column lies half a pixel right of the true one.
WIDTH, HEIGHT = 8, 17
BASELINE = 13
FONT_SIZE = 13.2
MIDDLE_X, MIDDLE_Y = 4.5, 8.5
PADDING_X, PADDING_Y = 16, 13
FONTS = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"

# Black to white, then the bright ones; `dim` is how much of a dim colour is left over its background.
PALETTES = {
    "dark": {
        "background": "#12161d",
        "edge": "#2d333d",
        "text": "#d3d9e1",
        "dim": 0.56,
        "colours": "#3b434f #f07f78 #84c98b #dcbd75 #79b2ee #cfa1ea #58b3be #d3d9e1 "
        "#6b7584 #ff9a93 #a0dfa6 #efd593 #9cc9fa #dfbcf5 #7fd3dc #f4f7fa",
    },
    "light": {
        "background": "#fdfdfc",
        "edge": "#d5dae0",
        "text": "#252b33",
        "dim": 0.64,
        "colours": "#252b33 #c13a3f #2b7d42 #8a6508 #2468b4 #8a44ad #13788a #a9b1bb "
        "#6b7584 #d9484d #35914f #a0780f #2f7cd0 #a055c6 #178ea2 #dfe3e8",
    },
}


class Style(NamedTuple):
    """How the terminal wants a cell; a colour is `None`, an index or a `#rrggbb`."""

    foreground: object = None
    background: object = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False


class Ink(NamedTuple):
    """What is left of a style once its colours are known."""

    colour: str
    bold: bool = False
    italic: bool = False


# ------------------------------------------------------------------------------------------------------------- reading


def extended_colour(codes):
    """The colour after a 38 or 48, which takes its codes from the list."""
    kind = codes.pop(0)
    if kind == 2:
        return "#%02x%02x%02x" % tuple(codes.pop(0) for _ in range(3))
    index = codes.pop(0)
    if index < 16:
        return index
    if index >= 232:
        return "#%02x%02x%02x" % ((8 + (index - 232) * 10,) * 3)
    steps = [(index - 16) // 36, (index - 16) // 6 % 6, (index - 16) % 6]
    return "#%02x%02x%02x" % tuple(step and 55 + step * 40 for step in steps)


SWITCHES = {
    0: dict(Style()._asdict()),
    1: {"bold": True},
    2: {"dim": True},
    3: {"italic": True},
    4: {"underline": True},
    7: {"reverse": True},
    22: {"bold": False, "dim": False},
    23: {"italic": False},
    24: {"underline": False},
    27: {"reverse": False},
    39: {"foreground": None},
    49: {"background": None},
}


def restyle(style, parameters):
    codes = [int(code or 0) for code in parameters.split(";")]
    while codes:
        code = codes.pop(0)
        if code in SWITCHES:
            style = style._replace(**SWITCHES[code])
        elif code in (38, 48):
            style = style._replace(**{"foreground" if code == 38 else "background": extended_colour(codes)})
        elif 30 <= code <= 37 or 90 <= code <= 97:
            style = style._replace(foreground=code - 30 if code < 90 else code - 82)
        elif 40 <= code <= 47 or 100 <= code <= 107:
            style = style._replace(background=code - 40 if code < 100 else code - 92)
        else:
            sys.exit(f"an attribute that is not drawn: {code}")
    return style


def read_screen(text, columns, rows):
    """`rows` times `columns` cells of a character and its style. The style goes on from line to line."""
    style, screen = Style(), []
    for line in text.split("\n")[:rows]:
        cells = []
        for parameters, character in re.findall(r"\x1b\[([\d;]*)m|(.)", line):
            if not character:
                style = restyle(style, parameters)
            elif ord(character) < 32 or unicodedata.combining(character) or unicodedata.east_asian_width(character) in "WF":
                sys.exit(f"a character that is not one cell: {character!r}")
            else:
                cells.append((character, style))
        if len(cells) > columns:
            sys.exit(f"a line of {len(cells)} cells on a screen of {columns}")
        screen.append(cells + [(" ", Style())] * (columns - len(cells)))
    return screen + [[(" ", Style())] * columns] * (rows - len(screen))


# ------------------------------------------------------------------------------------------------------------- colours


def mix(colour, ground, share):
    parts = ((int(colour[at : at + 2], 16), int(ground[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(over * share + under * (1 - share)):02x}" for over, under in parts)


def inks(style, palette):
    """What a cell is drawn with and, where it is painted, what on."""

    def known(colour, default):
        if colour is None:
            return default
        return palette["colours"].split()[colour] if isinstance(colour, int) else colour

    colour = known(style.foreground, palette["text"])
    ground = known(style.background, palette["background"])
    if style.reverse:
        colour, ground = ground, colour
    if style.dim:
        colour = mix(colour, ground, palette["dim"])
    return Ink(colour, style.bold, style.italic), None if ground == palette["background"] else ground


# -------------------------------------------------------------------------------------------------------------- shapes


def number(value):
    return f"{value:.2f}".rstrip("0").rstrip(".")


def box(x, y, width, height):
    return f"M{number(x)} {number(y)}h{number(width)}v{number(height)}h{number(-width)}z"


def polygon(*points):
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points) + "z"


def circle(x, y, radius, sweep=1):
    half = f"a{number(radius)} {number(radius)} 0 1 {sweep} "
    return f"M{number(x - radius)} {number(y)}{half}{number(2 * radius)} 0{half}{number(-2 * radius)} 0z"


def stroke(x1, y1, x2, y2, thickness):
    """A straight line of any slope, as its outline."""
    length = math.hypot(x2 - x1, y2 - y1)
    dx, dy = (y2 - y1) / length * thickness / 2, (x1 - x2) / length * thickness / 2
    return polygon((x1 + dx, y1 + dy), (x2 + dx, y2 + dy), (x2 - dx, y2 - dy), (x1 - dx, y1 - dy))


# Weights to the left, right, up and down: 0 none, 1 light, 2 heavy.
LINES = {
    "─": (1, 1, 0, 0), "│": (0, 0, 1, 1), "┌": (0, 1, 0, 1), "┐": (1, 0, 0, 1), "└": (0, 1, 1, 0), "┘": (1, 0, 1, 0),
    "├": (0, 1, 1, 1), "┤": (1, 0, 1, 1), "┬": (1, 1, 0, 1), "┴": (1, 1, 1, 0), "┼": (1, 1, 1, 1),
    "━": (2, 2, 0, 0), "┃": (0, 0, 2, 2), "┯": (2, 2, 0, 1), "┷": (2, 2, 1, 0),
}  # fmt: skip
ROUND = {"╭": (1, 1), "╮": (-1, 1), "╰": (1, -1), "╯": (-1, -1)}
THICKNESS = (0, 1, 2.5)


def line_shape(x, y, weights):
    """The arms of a box-drawing character. Each reaches over the middle, so that corners are whole."""
    left, right, up, down = (THICKNESS[weight] for weight in weights)
    cx, cy = x + MIDDLE_X, y + MIDDLE_Y
    across, along = max(up, down) / 2, max(left, right) / 2
    shapes = []
    if left and left == right:
        shapes.append(box(x, cy - left / 2, WIDTH, left))
    elif left:
        shapes.append(box(x, cy - left / 2, cx + across - x, left))
    elif right:
        shapes.append(box(cx - across, cy - right / 2, x + WIDTH - cx + across, right))
    if up and up == down:
        shapes.append(box(cx - up / 2, y, up, HEIGHT))
    elif up:
        shapes.append(box(cx - up / 2, y, up, cy + along - y))
    elif down:
        shapes.append(box(cx - down / 2, cy - along, down, y + HEIGHT - cy + along))
    return "".join(shapes)


def round_shape(x, y, right, down):
    """A rounded corner, one pixel thick, its arms to the right or left and down or up."""
    cx, cy, radius = x + MIDDLE_X, y + MIDDLE_Y, 3.5
    side, end = (x + WIDTH if right > 0 else x), (y + HEIGHT if down > 0 else y)
    outer, inner = number(radius + 0.5), number(radius - 0.5)
    sweep, back = (1, 0) if right == down else (0, 1)
    return (
        f"M{number(cx - right * 0.5)} {number(end)}V{number(cy + down * radius)}"
        f"a{outer} {outer} 0 0 {sweep} {number(right * (radius + 0.5))} {number(-down * (radius + 0.5))}"
        f"H{number(side)}v{down}H{number(cx + right * radius)}"
        f"a{inner} {inner} 0 0 {back} {number(-right * (radius - 0.5))} {number(down * (radius - 0.5))}"
        f"V{number(end)}z"
    )


def dashes(x, y, character):
    if character == "┈":
        return "".join(box(x + at, y + MIDDLE_Y - 0.5, 1, 1) for at in (0.5, 2.5, 4.5, 6.5))
    return "".join(box(x + MIDDLE_X - 0.5, y + HEIGHT / 4 * at + 1, 1, 2.25) for at in range(4))


def ring(x, y, radius, thickness=1.1):
    """Its hole turns the other way."""
    return circle(x, y, radius) + circle(x, y, radius - thickness, 0)


def diamond(x, y, radius, clockwise=True):
    points = [(x, y - radius), (x + radius, y), (x, y + radius), (x - radius, y)]
    return polygon(*(points if clockwise else points[::-1]))


def sign_shape(x, y, character):
    """Signs that many monospaced fonts lack, and borrow from others at other widths."""
    cx, cy = x + 4, y + 9
    if character == "●":
        return circle(cx, cy, 3.2)
    if character == "○":
        return ring(cx, cy, 3.2)
    if character == "◔":
        return ring(cx, cy, 3.2) + f"M{cx} {cy}V{number(cy - 3.2)}a3.2 3.2 0 0 1 3.2 3.2z"
    if character == "◆":
        return diamond(cx, cy, 3.9)
    if character == "◇":
        return diamond(cx, cy, 3.9) + diamond(cx, cy, 2.3, clockwise=False)
    if character == "▲":
        return polygon((cx + 0.5, y + 4), (cx + 4, y + 12), (cx - 3, y + 12))
    if character == "▸":
        return polygon((x + 1, y + 5), (x + WIDTH - 0.5, y + MIDDLE_Y), (x + 1, y + 12))
    if character == "◂":
        return polygon((x + WIDTH - 1, y + 5), (x + WIDTH - 1, y + 12), (x + 0.5, y + MIDDLE_Y))
    if character == "✓":
        return stroke(x + 1, y + 9, x + 3.4, y + 12, 1.4) + stroke(x + 3, y + 12.2, x + 7, y + 5, 1.4)
    if character == "✗":
        return stroke(x + 1.3, y + 5.5, x + 6.7, y + 12, 1.4) + stroke(x + 6.7, y + 5.5, x + 1.3, y + 12, 1.4)
    if character == "╱":
        return stroke(x, y + HEIGHT, x + WIDTH, y, 1)
    if character == "╥":
        return box(x, cy - 1, WIDTH, 1) + box(cx - 1.5, cy - 1, 1, HEIGHT / 2) + box(cx + 1.5, cy - 1, 1, HEIGHT / 2)
    return None


def bar_of(character):
    """The width and the height of a block that stands in the lower left of its cell."""
    code = ord(character)
    if 0x2581 <= code <= 0x2588:
        return WIDTH, HEIGHT * (code - 0x2580) / 8
    return (WIDTH * (0x2590 - code) / 8, HEIGHT) if 0x2589 <= code <= 0x258F else None


def rest_of(x, y, width, height):
    """A cell without the bar in it."""
    if width == WIDTH:
        return box(x, y, WIDTH, HEIGHT - height) if height < HEIGHT else ""
    return box(x + width, y, WIDTH - width, HEIGHT)


def shape(x, y, character):
    """What is drawn instead of a letter; `None` for what is text."""
    if bar := bar_of(character):
        width, height = bar
        return box(x, y + HEIGHT - height, width, height)
    if character == "▔":
        return box(x, y, WIDTH, 2)
    if character == "░":
        return "".join(box(x + 2 * (at % 4) + at // 4 % 2, y + at // 4 * 2, 1, 1) for at in range(36) if at // 4 < 9)
    if character in LINES:
        return line_shape(x, y, LINES[character])
    if character in ROUND:
        return round_shape(x, y, *ROUND[character])
    if character in "┈┊":
        return dashes(x, y, character)
    if (sign := sign_shape(x, y, character)) is not None:
        return sign
    if character.isascii() or character in "·…×±µ←→↑↓–—‘’“”é":
        return None
    sys.exit(f"a character that is not drawn: {character!r} (U+{ord(character):04X})")


# ------------------------------------------------------------------------------------------------------------- drawing


def words(cells):
    """Runs of letters without two blanks in a row: where they start, and what they say."""
    text = "".join(character for _, character in cells)
    for run in re.finditer(r"\S+(?: \S+)*", text):
        yield [x for x, _ in cells[run.start() : run.end()]], run.group()


def draw(screen, palette):
    """Paths and texts, by what they are drawn with."""
    grounds, shapes, texts = defaultdict(list), defaultdict(list), defaultdict(list)
    for row, cells in enumerate(screen):
        y, run, begun = row * HEIGHT, [], None
        letters = defaultdict(list)
        for column, (character, style) in enumerate(cells):
            x = column * WIDTH
            ink, ground = inks(style, palette)
            bar = bar_of(character) if ground and ink.colour == palette["background"] else None
            if bar:
                # What is left free by a bar in the colour of the screen is painted, rather than the bar over paint.
                grounds[ground].append(rest_of(x, y, *bar))
                drawn = ""
            elif ground:
                grounds[ground].append(box(x, y, WIDTH, HEIGHT))
            if style.underline:
                shapes[ink.colour].append(box(x, y + BASELINE + 1.5, WIDTH, 1))
            if not bar:
                drawn = shape(x, y, character) if character != " " else None
            if drawn:
                shapes[ink.colour].append(drawn)
            # A letter somewhere else, or in another ink, starts another run.
            if drawn is not None or ink != begun:
                if run:
                    letters[begun].append(run)
                run, begun = [], ink
            if drawn is None:
                run.append((x, character))
        if run:
            letters[begun].append(run)
        for ink, runs in letters.items():
            for cells_of_run in runs:
                for places, said in words(cells_of_run):
                    texts[ink].append((y + BASELINE, places, said))
    return grounds, shapes, texts


def element(ink, lines):
    weight = ' font-weight="700"' if ink.bold else ""
    slant = ' font-style="italic"' if ink.italic else ""
    yield f'<g fill="{ink.colour}"{weight}{slant}>'
    for y, places, said in lines:
        yield f'<text y="{y}" x="{" ".join(map(str, places))}">{escape(said)}</text>'
    yield "</g>"


def document(screen, palette, title):
    columns, rows = len(screen[0]), len(screen)
    width, height = columns * WIDTH + 2 * PADDING_X, rows * HEIGHT + 2 * PADDING_Y
    grounds, shapes, texts = draw(screen, palette)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' role="img" aria-label="{escape(title, {chr(34): "&quot;"})}">'
    )
    yield f"<title>{escape(title)}</title>"
    yield (
        f'<rect x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="8"'
        f' fill="{palette["background"]}" stroke="{palette["edge"]}"/>'
    )
    yield (
        f'<g transform="translate({PADDING_X} {PADDING_Y})" font-family="{FONTS}" font-size="{FONT_SIZE}"'
        ' xml:space="preserve">'
    )
    for colour, paths in [*grounds.items(), *shapes.items()]:
        yield f'<path fill="{colour}" d="{"".join(paths)}"/>'
    for ink, lines in texts.items():
        yield from element(ink, lines)
    yield "</g>"
    yield "</svg>"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--palette", choices=PALETTES, required=True)
    parser.add_argument("--columns", type=int, required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--title", required=True)
    arguments = parser.parse_args()
    text = sys.stdin.buffer.read().decode("utf-8")
    screen = read_screen(text, arguments.columns, arguments.rows)
    for line in document(screen, PALETTES[arguments.palette], arguments.title):
        sys.stdout.buffer.write((line + "\n").encode("utf-8"))


if __name__ == "__main__":
    main()
