"""Which lines of a prompt are code that stands in no fence: of a program, a query, a log, a shell, or structured data.

A guess about looks, never about content. A *sure* line is code by itself; a *likely* one only beside another that is
sure or likely, for `name: value` may be a line of YAML or of prose. A line is matched up to a length, and each pattern
is tried once at its start, so that the cost grows with the prompt and no more.
"""

import re
from collections.abc import Iterator, Sequence

__all__ = ["LONG_PROSE", "code_lines", "is_code_line", "is_list_item"]

LONG_PROSE = 160  # characters on one indented line: a paragraph, not code
_LONG_CODE = 300  # characters up to which a line is matched
_SURE = re.compile(
    r"""\s*(?:
    # Python
        (?:async\s+)?def\s+\w+\s*\( | class\s+\w+\s*[(:{] | for\s+[\w,\s()]+\s+in\b.*:\s*(?:\#.*)?$
      | (?:elif|while|if)\s[^.?!]*(?:[<>=(\[]|\b(?:not|in|True)\b)[^?]*:\s*(?:\#.*)?$
      | with\s.*\bas\s+\w+:\s*$ | except\b[\w\s(),.]*:\s*$ | (?:else|try|finally|except)\s*:\s*(?:\#.*)?$
      | import\s+[\w.{*]+(?:\s+as\s+\w+|\s*[,;{].*)?$ | from\s+[\w.]+\s+import\b | return\b[^.?!]*[;()\[\]{}=*/+]
      | >>>\s | \.\.\.\s{2,} | @\w+(?:\.\w+)*(?:\(.*\))?$ | (?:print|printf|assert)\s*\(?[\w"'({\[].*[)\]'";]$
      | Traceback\ \(most | File\ ".*",\ line\ \d | \w+(?:Error|Exception):\s | raise\s+\w+(?:\(.*\))?$
    # C, C++, C#, Java, JavaScript, Go, Rust, Swift, Kotlin, PHP
      | \#\s*(?:include|define|ifdef|ifndef|endif|pragma|undef)\b
      | (?:public|private|protected|static|function|const|let|var|int|void|double|float|char|bool|boolean|string|String
          |long|short|unsigned|auto|final|abstract|struct|enum|union|interface|typedef|extern|virtual|inline|template
          |namespace|using|package|import|export|throw|func|fn|fun|val|mut|impl|pub|trait|async|await)\b
        (?:[^.?!]*[({=\[]\s*(?://.*)?$ | \s[^.?!]*[\w)\]"'];\s*(?://.*)?$) | template\s*< | (?:const|let|var|val|auto)\s+\w+(?:\s*:\s*[\w<>\[\]]+)?\s*=\s*(?:["'\[{(]|\w+[.(]|-?\d+;?$)
      | (?:public|private|protected|default)\s*:\s*$ | (?:for|while|if|switch|else\ if|catch|foreach)\s*\(.*[{;)]$
      | (?:package|import|using|namespace|use)\s+[\w.:\\{}*\ ]+;$ | package\s+\w+$ | \}\s*(?:else|catch|finally|while)\b
      | (?:std::|cout\s*<<|cin\s*>>|System\.(?:out|err)|console\.\w+\(|Console\.\w+\(|fmt\.|echo\s+["'$])
      | (?:func|fn|fun|sub|proc)\s+\w+\s*[({] | \w+(?:<[\w<>,\ \[\]]+>)?\s+\w+\s*=\s*new\s+\w | [\w.>-]+(?:\+\+|--);$
      | (?:\w[\w:,]*[<*&\[][\w:<>,*&\[\]]*|\w+::\w+)\s+[\w\[\]*&]+(?:\s*=\s*[^=].*)?;(?:\s*//.*)?$ | (?:break|continue|return|pass);?$
      | [\w.\[\]$>-]+\s*[-+*/|&^%]?=\s?[\w"'({\[$&-].*;$ | [A-Za-z_][\w.\[\]]*\s*[-+*/|&]?=\s?(?:["'{\[]|[\w.]*[A-Za-z_]{2}[\w.]*[(\[]).*[)\]'"}]$
      | [\w.:$>-]+\([^()]*(?:\([^()]*\)[^()]*)*\)\s*[;{]\s*(?://.*)?$ | /\*\*?\s*$ | \*/\s*$
      | \*\s+@(?:param|returns?|throws|type|see|author|deprecated|example|since|typedef|property|template)\b
      | //\s*\S.*$ | <\?php | \?> | \$\w+(?:->\w+|\[[^\]]*\])*\s*(?:[.+*/-]?=[^=]|\(|->).*;?$ | (?:my|our|use)\s+[\w$@%:]+.*;$
    # queries
      | (?!.*[.?!]$)(?:SELECT|INSERT|UPDATE|DELETE|CREATE|FROM|WHERE|ALTER|DROP|WITH|UNION)\s[\w*"`(]
      | (?:(?:INNER|LEFT|RIGHT|FULL|OUTER|CROSS)\s+)*JOIN\s+\w | (?:ORDER|GROUP)\s+BY\s+\w | HAVING\s+\w+.*[<>=(]
    # shell
      | \#!\s?/ | \$\s(?:sudo|cd|ls|git|pip3?|npm|npx|docker|curl|wget|python3?|\./|mkdir|cat|echo|export|apt|brew|make|kubectl)\b
      | (?:sudo|git|pip3?|npm|npx|yarn|docker|kubectl|curl|wget|apt-get|apt|brew|conda|chmod|mkdir|tar|ssh|scp|rsync)\s
        (?:[\w./:@=-]+\s)*-{1,2}\w[^.?!]*$ | (?:pip3?|npm|conda|brew|apt-get|apt)\ install\s[\w.@=-]+$
      | export\s+\w+=\S | (?:fi|done|esac)$ | if\s+\[+\s.*\]+\s*;?\s*(?:then)?$ | for\s+\w+\s+in\s[^:]*;\s*do\b.*
    # logs, traces and diffs
      | \[?\d{4}-\d\d-\d\d[T\ ]\d\d:\d\d:\d\d | \[\d{4}/\d\d/\d\d\ \d\d:\d\d | \[?(?:INFO|WARN(?:ING)?|ERROR|DEBUG|TRACE|FATAL)\]?:?\s+\[?[\w./-]+[\]:]
      | (?:\d{1,3}\.){3}\d{1,3}\ -\ \S*\ \[ | at\s+[\w$.<>]+\([\w.]*(?::\d+)?\)$ | Exception\ in\ thread | (?:goroutine|panic:)\s
      | diff\ --git | @@\ -\d+(?:,\d+)?\ \+\d | (?:---|\+\+\+)\ [ab]/ | index\ [0-9a-f]{7,}\.\.
    # marked-up text and data
      | </?\w[^<>]*>\s*$ | <!(?:DOCTYPE|--) | <\w+(?:\s[\w:-]+="[^"]*")+\s*/?> | "[\w\ -]+"\s*:\s*(?:["\[{\d-]|true|false|null).*
      | \{\s*"[^"]*"\s*:.*\}?,?$ | \\(?:documentclass|usepackage|newcommand|section|subsection)\b[\[{][^?!]*$ | \\(?:begin|end)\{\w+\*?\}(?:[\[{].*[\]}])?$
      | [.\#]?[\w-]+(?:[\s>+.,\#:]+[\w-]+)*\s*\{$ | [a-z-]+:\s[^.?!]*;$ | (?:apiVersion|kind|metadata|spec|version|services):(?:\s\S+)?$
      | \+\s*(?:[-=]{2,}\+)+\s*$ | \+(?:[-=]{2,}\+)+\s*$ | (?:\|.*?[^\s|]\ {2,}){2}\|
    # R, assembly, build files
      | \((?:define|defun|let|lambda|setq|display|ns|defn)\b.* | \w+\ ::\ .*->.* | attr_(?:reader|accessor|writer)\b | puts\s+["'\w] | def\s+\w+[!?]?(?:\(.*\))?$
      | (?:section|global)\s+[._]\w+ | [._]?\w+:\s*(?:;.*)?$(?<=_start:) | (?:function\s+\w+\s*=|plot\(|end;$) | \w+:(?:\s+[\w.]+)+$(?<=\.o)
      | [\w.$]+\s*<-\s*[\w("].* | library\(\w+\) | (?:mov|add|sub|cmp|jmp|push|pop|call|lea|xor|addi|lw|sw|li)\w?\s+[%$\w]+,\s*[%$\w()\[\]+-]+(?:,\s*[\w$%()]+)?\s*(?:[;\#].*)?$
      | (?:FROM|RUN|COPY|ADD|CMD|ENTRYPOINT|WORKDIR|EXPOSE|ENV)\s+[\["\w./-]+(?:\s|:|=|$)[^?!]*$
    )""",
    re.VERBOSE,
)
_LIKELY = re.compile(
    r"""\s*(?:
        [a-z_][\w-]*:(?:\s+[^\s.?!][^?!]*)?$ | -\s+[\w-]+:(?:\s.*)?$ | -\s+[\w./:@="'-]+$ | [A-Za-z_]{2}[\w.-]*\s*=\s*\S[^?!]*$ | \[[\w.:\ -]+\]$
      | [\]})]+[;,]?$ | [\[{(]$ | \*\s.*$ | \*$ | \#\s.*$ | --\s\S.*$ | (?:then|do|else|begin|end|BEGIN|END|set\s-\w+|exit\s\d)$
      | (?:AND|OR|ON|SET|VALUES|LIMIT|INTO)\s+[\w("'].* | [\w"'$(][^.?!]*[\[{(=,]$ | [A-Za-z_]\w*\(.*$ | \w+\s+[^\s.?!]+[,;]$
      | \d\d:\d\d:\d\d[.,:\s].* | [+-]\S.*$ | \w[\w.:-]*\s+-{1,2}\w.* | .*[)\]]\s*[-=]>\s.* | .*\s(?:==|!=|&&|\|\||->|=>|:=|<<|>>)\s.*
      | (?:cd|ls|cat|echo|mv|cp|rm)\s\S.*$ | [a-z]\w*\(\)$
    )""",
    re.VERBOSE,
)
_KEY = re.compile(r"(\s*)(?:-\s+)?[\w./-]+:(?:\s+(\S.*))?$")
_SECTION = re.compile(r"\[\[?[\w.\ -]+\]\]?$")
_SETTING = re.compile(r"[\w.-]+\s*=\s*\S")
_SYMBOLS = frozenset("=(){}[]<>;$_/\\|&#@*+:\"'`%")
_SENTENCE = re.compile(r"[A-Z][\w',-]*(?:\s[\w',-]+){4,}[.?!:]?$")
_LIST_ITEM = re.compile(r"\s*(?:[-*+\u2022\u00b7\u25e6]|\(?(?:\d{1,3}|[A-Za-z]|[ivx]{1,5})[.)\u3001\uff0e:])\s")
_CJK = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef]")


def is_list_item(line: str) -> bool:
    """Whether a line opens with the mark of a list, such as `-`, `1.` or `(b)`.

    Example:
        >>> is_list_item("- one"), is_list_item("one")
        (True, False)
    """
    return _LIST_ITEM.match(line) is not None


def is_code_line(line: str) -> bool:
    """Whether a line is code whatever stands around it.

    Args:
        line: Without its line break.

    Example:
        >>> is_code_line("for (int i = 0; i < n; i++) {"), is_code_line("For each of them, say why:")
        (True, False)
    """
    if len(line) >= _LONG_CODE or _CJK.search(line, 0, 40):
        return False
    return _SURE.match(line) is not None and not _SENTENCE.match(line)


def code_lines(lines: Sequence[str], formulas: Sequence[bool] | None = None) -> list[bool]:
    """For each line, whether it is code: by itself, or in a run with lines that are.

    Args:
        lines: Of a prompt, in order, without their line breaks and without their formulas.
        formulas: For each line, whether it holds a formula; such a line is no code by itself.

    Example:
        >>> code_lines(["Here:", "on:", "  push:", "    branches: [main]", "", "Thanks."])
        [False, True, True, True, False, False]
    """
    held = formulas or [False] * len(lines)
    made = [not formula and is_code_line(line) for line, formula in zip(lines, held, strict=True)]
    for start, stop in _paragraphs(lines):
        if lines[start].rstrip().endswith(":") and _is_data(lines[start + 1 : stop]):
            start += 1
        if _is_data(lines[start:stop]):
            made[start:stop] = [True] * (stop - start)
    for order in (range(len(lines)), range(len(lines) - 1, -1, -1)):
        for index in order:
            made[index] = made[index] or (not held[index] and _goes_with_code(lines, made, index))
    return made


def _paragraphs(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Runs of lines with ink."""
    start = 0
    for index, line in enumerate([*lines, ""]):
        if not line.strip():
            if start < index:
                yield start, index
            start = index + 1


def _is_data(lines: Sequence[str]) -> bool:
    """Whether lines are settings: sections with values under them, or names with values, some of them nested."""
    if len(lines) >= 2 and _SECTION.match(lines[0]) and _SETTING.match(lines[1]):
        return True
    if len(lines) < 3:
        return False
    keys = [_KEY.match(line) for line in lines]
    if not all(key or line.lstrip().startswith(("- ", "#")) for key, line in zip(keys, lines, strict=True)):
        return False
    return any(
        key and not key[2] and key[0].lstrip(" -")[0].islower() and _indent(lines[at + 1]) > len(key[1])
        for at, key in enumerate(keys[:-1])
    )


def _goes_with_code(lines: Sequence[str], made: Sequence[bool], index: int) -> bool:
    line = lines[index]
    beside = (index > 0 and made[index - 1]) or (index + 1 < len(lines) and made[index + 1])
    if not beside or len(line) >= _LONG_CODE or _is_prose(line) or _CJK.search(line, 0, 40):
        return False
    return _LIKELY.match(line) is not None


def _is_prose(line: str) -> bool:
    """Whether a line holds words and no mark of code."""
    words = line.split()
    return len(words) >= 3 and not any(char in _SYMBOLS for char in line) and all(map(_is_word, words))


def _is_word(piece: str) -> bool:
    return piece.strip(".,!?-").isalpha()


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
