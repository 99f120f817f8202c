"""Tables of names and characters: TeX classes of atoms, delimiters, accents, signs of text. Data, no decisions."""

__all__ = [
    "ACCENTS",
    "ATOMS",
    "BAR_OPERATORS",
    "BINARY",
    "CLASSES",
    "COMBINING",
    "DELIMITERS",
    "DOTS",
    "LETTER_CLASSES",
    "LOWERED",
    "OPERATORS",
    "RAISED",
    "RENAMED",
    "SIGNS",
    "SILENT",
    "TEXT_SYMBOLS",
    "UNREAD",
    "WRAPS",
    "atom_of",
]

DELIMITERS = {
    "\\lparen": "(", "\\rparen": ")",
    "(": "(", ")": ")", "[": "[", "]": "]", "/": "/", "|": "|", "<": "⟨", ">": "⟩", ".": "",
    "\\|": "‖", "\\{": "{", "\\}": "}", "\\lbrace": "{", "\\rbrace": "}", "\\lbrack": "[", "\\rbrack": "]",
    "\\langle": "⟨", "\\rangle": "⟩", "\\lfloor": "⌊", "\\rfloor": "⌋", "\\lceil": "⌈", "\\rceil": "⌉",
    "\\lvert": "|", "\\rvert": "|", "\\lVert": "‖", "\\rVert": "‖", "\\vert": "|", "\\Vert": "‖", "\\mid": "|",
    "\\backslash": "\\", "\\uparrow": "↑", "\\downarrow": "↓", "\\updownarrow": "↕", "\\Uparrow": "⇑",
    "\\Downarrow": "⇓", "\\Updownarrow": "⇕", "\\lgroup": "⟮", "\\rgroup": "⟯", "\\lmoustache": "⎰",
    "\\rmoustache": "⎱", "\\ulcorner": "⌜", "\\urcorner": "⌝", "\\llcorner": "⌞", "\\lrcorner": "⌟",
    "\\llbracket": "⟦", "\\rrbracket": "⟧", "\\lt": "⟨", "\\gt": "⟩", "\\bracevert": "|", "\\arrowvert": "|",
    "⟨": "⟨", "⟩": "⟩", "⌊": "⌊", "⌋": "⌋", "⌈": "⌈", "⌉": "⌉", "‖": "‖", "\\parallel": "‖", "（": "(", "）": ")",
    "\\textbar": "|", "\\textless": "⟨", "\\textgreater": "⟩", "\\textbackslash": "\\", "\\textbraceleft": "{",
    "\\textbraceright": "}", "\\Arrowvert": "‖", "\\rbrbrak": "]", "\\lbrbrak": "[", "∣": "|", "∥": "‖",
}  # fmt: skip
r"""What may follow `\left`, `\right`, `\middle` and `\big`, and the character it stands for; "." stands for none."""

TEXT_SYMBOLS = {
    "\\%": "%", "\\$": "$", "\\#": "#", "\\&": "&", "\\_": "_", "\\{": "{", "\\}": "}", "\\lq": "‘", "\\rq": "’",
    "\\AA": "Å", "\\aa": "å", "\\ae": "æ", "\\AE": "Æ", "\\oe": "œ", "\\OE": "Œ", "\\o": "ø", "\\O": "Ø",
    "\\ss": "ß", "\\l": "ł", "\\L": "Ł", "\\i": "ı", "\\j": "ȷ", "\\S": "§", "\\P": "¶", "\\dag": "†", "\\ddag": "‡",
    "\\copyright": "©", "\\pounds": "£", "\\textregistered": "®", "\\texttrademark": "™", "\\euro": "€",
    "\\texteuro": "€", "\\textyen": "¥", "\\yen": "¥", "\\textdegree": "°", "\\degree": "°", "\\ldots": "…",
    "\\dots": "…", "\\textellipsis": "…", "\\textbackslash": "\\", "\\textasciitilde": "~", "\\textasciicircum": "^",
    "\\textunderscore": "_", "\\textbar": "|", "\\textless": "<", "\\textgreater": ">", "\\textbullet": "•",
    "\\textendash": "–", "\\textemdash": "—", "\\textquoteleft": "‘", "\\textquoteright": "’",
    "\\textquotedblleft": "“", "\\textquotedblright": "”", "\\textmu": "µ", "\\textperthousand": "‰",
    "\\textcelsius": "℃", "\\celsius": "℃", "\\textdollar": "$", "\\textpercent": "%", "\\textsection": "§",
    "\\textcent": "¢", "\\textonehalf": "½", "\\textpm": "±", "\\texttimes": "×", "\\textohm": "Ω",
    "\\textbardbl": "‖", "\\textbraceleft": "{", "\\textbraceright": "}", "\\textdagger": "†", "\\textdaggerdbl": "‡",
    "\\textsterling": "£", "\\textcopyright": "©", "\\textparagraph": "¶", "\\textperiodcentered": "·",
    "\\textexclamdown": "¡", "\\textquestiondown": "¿", "\\textordfeminine": "ª", "\\textordmasculine": "º",
    "\\textonesuperior": "¹", "\\texttwosuperior": "²", "\\textthreesuperior": "³", "\\textonequarter": "¼",
    "\\textthreequarters": "¾", "\\textdiv": "÷", "\\textminus": "−", "\\textlnot": "¬", "\\textbrokenbar": "¦",
    "\\textcurrency": "¤", "\\textrightarrow": "→", "\\textleftarrow": "←", "\\textuparrow": "↑",
    "\\textdownarrow": "↓",
    "\\textnumero": "№", "\\textwon": "₩", "\\textlira": "₤", "\\textdong": "₫", "\\textpeso": "₱", "\\textnaira": "₦",
    "\\textflorin": "ƒ", "\\textinterrobang": "‽", "\\textlangle": "⟨", "\\textrangle": "⟩",
    "\\textasteriskcentered": "*",
    "\\textreferencemark": "※", "\\textquotesingle": "'", "\\textvisiblespace": "␣", "\\textservicemark": "℠",
    "\\textopenbullet": "◦",
    "\\textbigcircle": "◯", "\\textrecipe": "℞", "\\textmusicalnote": "♪", "\\textbaht": "฿",
    "\\textquotedbl": '"', "\\guillemotleft": "«",
    "\\guillemotright": "»", "\\textpertenthousand": "‱", "\\textfractionsolidus": "⁄", "\\textsurd": "√",
    "\\textestimated": "℮", "\\textmho": "℧", "\\DH": "Ð", "\\dh": "ð", "\\TH": "Þ", "\\th": "þ", "\\SS": "ẞ",
    "\\KaTeX": "KaTeX", "\\degreeCelsius": "℃", "\\geneuro": "€", "\\officialeuro": "€",
    "\\TeX": "TeX", "\\LaTeX": "LaTeX", "\\slash": "/", "\\lbrace": "{", "\\rbrace": "}", "\\space": " ",
}  # fmt: skip
"""Commands of text that are one sign; in mathematics too where math-core does not know them."""

OPERATORS = {
    **{
        "\\" + name: (name, False)
        for name in "arccos arcsin arctan arg cos cosh cot coth csc deg dim exp hom ker".split()
        + "lg ln log sec sin sinh tan tanh".split()
    },
    **{"\\" + name: (name, True) for name in "det gcd inf lim max min sup Pr".split()},
    "\\liminf": ("lim inf", True),
    "\\limsup": ("lim sup", True),
    "\\injlim": ("inj lim", True),
    "\\projlim": ("proj lim", True),
}
"""Names of operators: what is set, and whether their scripts stand above and below in a display."""

BAR_OPERATORS = {
    "\\varlimsup": 'overline("lim")',
    "\\varliminf": 'underline("lim")',
    "\\varinjlim": 'attach(limits("lim"), b: stretch(\\→, size: #100%))',
    "\\varprojlim": 'attach(limits("lim"), b: stretch(\\←, size: #100%))',
}

ATOMS = {
    "\\mathord": ("ord", "normal"),
    "\\mathbin": ("bin", "binary"),
    "\\mathrel": ("rel", "relation"),
    "\\mathopen": ("open", "opening"),
    "\\mathclose": ("close", "closing"),
    "\\mathpunct": ("punct", "punctuation"),
    "\\mathinner": ("inner", "normal"),
}
"""Commands that give their argument a class: TeX's name of it and Typst's."""

WRAPS = {
    "\\boxed": ("lmboxed(display(", "))", "ord"),
    "\\cancel": ("lmcancel(", ")", "ord"),
    "\\bcancel": ("lmbcancel(", ")", "ord"),
    "\\xcancel": ("lmxcancel(", ")", "ord"),
    "\\sout": ("lmsout(", ")", "ord"),
    "\\hphantom": ("lmhide(", ")", "ord"),
    "\\vphantom": ("lmvphantom(", ")", "ord"),
    "\\overarc": ("overparen(", ")", "ord"),
    "\\wideparen": ("overparen(", ")", "ord"),
    "\\pmb": ("bold(", ")", "ord"),
}
"""Commands with one argument that become a function of `mathematics.typ` around it."""

DOTS = {
    "centred": ("\\cdots", "\\dotsb", "\\dotsm", "\\dotsi"),
    "low": ("\\ldots", "\\dotsc", "\\dotso", "\\hdots"),
    "\\dots": (
        "\\times", "\\cdot", "\\le", "\\leq", "\\ge", "\\geq", "\\pm", "\\to", "\\cup", "\\cap", "\\subset",
        "\\subseteq", "\\equiv", "\\neq", "\\ne", "\\approx", "\\leqslant", "\\geqslant", "\\rightarrow",
        "\\Rightarrow", "\\int", "\\oplus", "\\otimes", "\\vee", "\\wedge", "\\mp", "\\circ", "\\sim", "\\in",
    ),
}  # fmt: skip
r"""Which dots stand at the height of an operator, which on the line, and what raises those of `\\dots` before it."""

RENAMED = {
    "\\bold": "\\mathbf", "\\Bbb": "\\mathbb", "\\frak": "\\mathfrak", "\\mathds": "\\mathbb", "\\mathbbm": "\\mathbb",
    "\\mathnormal": "\\mathit", "\\bm": "\\boldsymbol", "\\overgroup": "\\overparen", "\\cr": "\\\\",
    "\\smallsetminus": "\\setminus", "\\thicksim": "\\sim", "\\thickapprox": "\\approx", "\\shortmid": "\\mid",
    "\\shortparallel": "\\parallel", "\\varpropto": "\\propto", "\\nshortmid": "\\nmid",
    "\\nshortparallel": "\\nparallel",
    "\\centerdot": "\\cdot", "\\tabularnewline": "\\\\", "\\newline": "\\\\", "\\dotsint": "\\cdots",
} | {
    f"\\var{name}": f"{{\\mathit{{\\{name}}}}}"
    for name in "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega".split()
}  # fmt: skip
"""Other names of commands that math-core knows."""

SILENT = frozenset((
    "\\nonumber", "\\notag", "\\small", "\\large", "\\Large", "\\LARGE", "\\huge", "\\Huge", "\\normalsize", "\\tiny",
    "\\footnotesize", "\\scriptsize", "\\noindent", "\\par", "\\allowbreak", "\\nobreak", "\\break", "\\linebreak",
    "\\displaylimits", "\\strut", "\\mathstrut", "\\relax", "\\protect", "\\centering", "\\null", "\\/", "\\Tiny",
    "\\leavevmode", "\\boldmath", "\\unboldmath", "\\hfill", "\\hfil", "\\nolinebreak", "\\hfilll", "\\vfil",
    "\\vfill",
    "\\displaybreak", "\\goodbreak", "\\smallskip", "\\medskip", "\\bigskip", "\\ensuremath", "\\badbreak",
    "\\raggedright", "\\nonscript", "\\allowdisplaybreaks", "\\xmathstrut", "\\sixptsize", "\\hss", "\\vss",
    "\\SwapAboveDisplaySkip", "\\ignorespaces", "\\unskip",
))  # fmt: skip
"""Commands that change nothing in the picture of one formula."""

ACCENTS = {
    "ˆ": "\u0302", "̂": "\u0302", "˜": "\u0303", "~": "\u0303", "¯": "\u0304", "˙": "\u0307", "¨": "\u0308",
    "⃛": "\u20db", "⃜": "\u20dc", "´": "\u0301", "`": "\u0300", "ˇ": "\u030c", "̌": "\u030c", "˘": "\u0306",
    "˚": "\u030a", "⃗": "\u20d7", "→": "\u20d7", "←": "\u20d6", "↔": "\u20e1", "⇀": "\u20d1", "↼": "\u20d0",
}  # fmt: skip
"""What math-core writes over a base, and the combining character that Typst calls the same accent."""

COMBINING = {
    "\u0300": "\\grave", "\u0301": "\\acute", "\u0302": "\\hat", "\u0303": "\\tilde", "\u0304": "\\bar",
    "\u0305": "\\overline", "\u0306": "\\breve", "\u0307": "\\dot", "\u0308": "\\ddot", "\u030a": "\\mathring",
    "\u030c": "\\check", "\u0332": "\\underline", "\u0338": "\\not", "\u20d7": "\\vec", "\u20db": "\\dddot",
    "\u20d6": "\\overleftarrow", "\u20e1": "\\overleftrightarrow", "\u0331": "\\underline", "\u033f": "\\overline",
}  # fmt: skip
"""Combining characters, which stand after their letter, and the accent that each is."""

RAISED = dict(
    zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵃᵇᶜᵈᵉᶠᵍʰʲᵏˡᵐᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀ", "0123456789+-=()niabcdefghjklmoprstuvwxyzT", strict=True)
)
LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₒₓₕₖₗₘₙₚₛₜᵢⱼᵣᵤᵥ", "0123456789+-=()aeoxhklmnpstijruv", strict=True))
"""Characters that are scripts, and what they raise or lower."""

SIGNS = {
    "\\hexagon": "⎔", "\\pentagon": "⬠", "\\male": "♂", "\\female": "♀", "\\smiley": "☺", "\\frownie": "☹",
    "\\sun": "☼", "\\earth": "♁", "\\Digamma": "Ϝ", "\\stigma": "ϛ", "\\varstigma": "ϛ", "\\Stigma": "Ϛ",
    "\\koppa": "ϟ",
    "\\Koppa": "Ϟ", "\\varcoppa": "ϙ", "\\coppa": "ϙ", "\\Coppa": "Ϙ", "\\sampi": "ϡ", "\\Sampi": "Ϡ",
    "\\LeftArrow": "⭠", "\\cmark": "✓", "\\xmark": "✗", "\\tick": "✓", "\\parallelogram": "▱",
    "\\rectangle": "▭", "\\smallsquare": "▫", "\\filledsquare": "■", "\\bigcircle": "◯", "\\arc": "⌒",
    "\\varhexagon": "⬡", "\\octagon": "⯃", "\\diameter": "⌀", "\\invdiameter": "⌀", "\\recorder": "⌕",
}  # fmt: skip
"""Commands for a character that math-core has no name for."""

UNREAD = frozenset(
    "\u2adc"
    "⇫⇬⇭⇮⇯⇰⇱⇲⇳∅∠∡∢∴∵⊤⊥⟀⟁⟃⟄⟊⟋⟌⟍⟎⟏⟐⟓⟔⟠⟡⟢⟣⟤⟥⤙⤚⦁⦙⦚⦛⦜⦝⦞⦟⦠⦡⦢⦣⦤⦥⦦⦧⦨⦩⦪⦫⦬⦭⦮⦯⦰⦱⦲⦳⦴⦺⦻⦼⦽⦾⦿⧂⧃⧉⧊⧋⧌⧍⧖⧗⧜⧝⧞⧧⧨⧩⧪⧫⧬⧭⧮⧯⧰⧱⧲⧳⧾⧿⫙⫚⫛⫝⫬⫭⫯⫰⫱⫴⫵⫻"
)
"""Signs of Unicode that math-core does not read as themselves."""

BINARY = frozenset("+−-±∓×÷∗*⋆∘∙•⋅·∩∪⊎⊓⊔∧∨∖≀⋄△▽◁▷⊕⊖⊗⊘⊙◯†‡⨿∔⋒⋓⊼⊻⩞⊡⊞⊟⊠⋉⋊⋋⋌⊛⊚⊝⋎⋏⊺∸")
CLASSES = {
    "\\": "normal",
    "∘": "binary",
    ":": "relation",
    "∣": "relation",
    "/": "normal",
    "⋮": "normal",
    "⋱": "normal",
}
"""Signs to which Typst gives another class than TeX does, and the class of TeX in the words of Typst."""

LETTER_CLASSES = {"◯": "binary", "϶": "relation"}
"""Signs that math-core calls letters and TeX does not."""

_OPENING = frozenset("([{⟨⌊⌈⟦⟮⎰⌜⌞")
_CLOSING = frozenset(")]}⟩⌋⌉⟧⟯⎱⌝⌟!?")
_PUNCTUATION = frozenset(",;")
_LARGE = frozenset("∑∏∐⋃⋂⋁⋀⨁⨂⨀⨄⨆⨅∫∬∭∮∯∰⨌")
_RELATIONS = frozenset("=<>:∣∥⟂∝∈∉∋∌∼⊢⊣⊨⊩∴∵⌢⌣≺≻")
_RELATION_RANGES = (
    (0x2190, 0x21FF), (0x223C, 0x228B), (0x228F, 0x2292), (0x22A2, 0x22B8), (0x22C8, 0x22C8), (0x22D0, 0x22D1),
    (0x22D4, 0x22ED), (0x27F0, 0x27FF), (0x2900, 0x297F), (0x2A66, 0x2AF0), (0x2226, 0x2226), (0x2223, 0x2225),
)  # fmt: skip


def atom_of(char: str) -> str:
    """The class of atom that TeX gives a character: ord, op, bin, rel, open, close, punct or inner.

    >>> [atom_of(c) for c in "x+=(,∑"]
    ['ord', 'bin', 'rel', 'open', 'punct', 'op']
    """
    if char.isalnum():
        return "ord"
    if char in BINARY:
        return "bin"
    if char in _OPENING:
        return "open"
    if char in _CLOSING:
        return "close"
    if char in _PUNCTUATION:
        return "punct"
    if char in _LARGE:
        return "op"
    code = ord(char)
    if char in _RELATIONS or any(first <= code <= last for first, last in _RELATION_RANGES):
        return "rel"
    return "ord"
