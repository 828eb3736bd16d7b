"""Draws a tree of calls: callers above, what they call below, as wide as it costs."""
from xml.sax.saxutils import escape

WIDTH, ROW, LETTER = 1600, 18, 6.6
NARROWEST = 1.0
COLOURS = ["#f4c095", "#a8d5ba", "#b8c0ff", "#ffd6a5", "#d0bdf4", "#9ad1d4", "#f7a6a6", "#d9e2a1"]


def short(name):
    """A name without its arguments and namespace."""
    return name.split("(")[0].split("<")[0].removeprefix("rocksdb::").split("'")[0]


def draw(whole, requests, stage_of):
    """An SVG of a Frame. `stage_of(function, stage of the caller)` decides the colour."""
    total = whole.total()
    colours, boxes, deepest = {}, [], 0

    def place(frame, left, depth, stage):
        nonlocal deepest
        width = frame.total() / total * WIDTH
        if width < NARROWEST:
            return
        deepest = max(deepest, depth)
        stage = stage_of(frame.function, stage)
        colour = colours.setdefault(stage, COLOURS[len(colours) % len(COLOURS)])
        name, cost = short(frame.function.name), frame.total() / requests
        boxes.append(
            f'<g><title>{escape(name)}: {cost:,.0f} instructions, {frame.total() / total:.1%}'
            f'{escape(", " + stage if stage else "")}</title><rect x="{left:.1f}" '
            f'y="{depth * ROW}" width="{width:.1f}" height="{ROW - 1}" fill="{colour}"/>')
        letters = int(width / LETTER) - 1
        if letters > 2:
            label = name if len(name) <= letters else name[:letters - 1] + "…"
            boxes.append(f'<text x="{left + 3:.1f}" y="{depth * ROW + 13}">{escape(label)}</text>')
        boxes.append("</g>")
        for below in sorted(frame.below, key=lambda each: -each.total()):
            place(below, left, depth + 1, stage)
            left += below.total() / total * WIDTH

    place(whole, 0.0, 0, "")
    height = (deepest + 2) * ROW + 6
    legend, left = [], 3
    for stage, colour in colours.items():
        if stage:
            legend.append(f'<rect x="{left}" y="{height - ROW}" width="12" height="12" '
                          f'fill="{colour}"/><text x="{left + 16}" y="{height - ROW + 10}">'
                          f'{escape(stage)}</text>')
            left += 40 + int(len(stage) * LETTER)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'font-family="monospace" font-size="11"><rect width="{WIDTH}" height="{height}" '
            f'fill="#fff"/>\n' + "\n".join(boxes + legend) + "\n</svg>\n")
