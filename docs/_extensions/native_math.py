"""Formulas as MathML, which browsers draw themselves: no script, no internet."""

from __future__ import annotations

import re

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator


def _mathml(node: nodes.Node, *, as_block: bool) -> str:
    code = re.sub(r"\\[bB]igg?(?![a-zA-Z])", "", node.astext())  # fences grow by themselves
    code = re.sub(r"\\log(?= ?\w)", r"\\log\\,", code)  # browsers set no space after it
    if r"\\" in code and r"\begin" not in code:
        code = rf"\begin{{aligned}}{code}\end{{aligned}}"
    mathml = tex2mathml(code, as_block=as_block)
    # an accent does not stretch without a font for mathematics: site.css draws the bar
    bar = r'<mover accent="false">((?:(?!<mover).)*?)<mo accent="true">_</mo>\s*</mover>'
    return re.sub(bar, r'<mrow class="overline">\1</mrow>', mathml, flags=re.DOTALL)


def visit_inline(translator: HTML5Translator, node: nodes.math) -> None:
    """Write a formula in the text."""
    translator.body.append(_mathml(node, as_block=False))
    raise nodes.SkipNode


def visit_block(translator: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula on a line of its own."""
    translator.body.append(f'<div class="formula">{_mathml(node, as_block=True)}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer."""
    app.add_html_math_renderer("native", inline_renderers=(visit_inline, None), block_renderers=(visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
