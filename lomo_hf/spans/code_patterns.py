r"""How lines of code look, by language: by themselves (`SURE`), and beside such lines (`LIKELY`).

A pattern is tried once, at the first ink of a line, and is written in the verbose form of `re`. To make a language
known, add its patterns here and its lines to tests/data/code_lines.jsonl.
"""

import re
from types import MappingProxyType

__all__ = ["LIKELY", "SURE", "of_all"]

SURE = MappingProxyType(
    {
        "Python": r"""
            (?:async\s+)?def\s+\w+\s*\( | class\s+\w+\s*(?:\(.*\))?\s*[:{] | for\s+[\w, ()]+\s+in\b.*:\s*(?:\#.*)?$
          | (?:elif|while|if)\s[^.?!]*(?:[<>=(\[]|\b(?:not|in|True)\b)[^?]*:\s*(?:\#.*)?$
          | with\s.*\bas\s+\w+:\s*$ | except\b[\w\s(),.]*:\s*$ | (?:else|try|finally|except)\s*:\s*(?:\#.*)?$
          | import\s+[\w.{*]+(?:\s+as\s+\w+)?(?:\s*,\s*[\w.]+)*;?$
          | import\s[\w{},*\s]+\sfrom\s+["'].* | from\s+[\w.]+\s+import\b
          | return\b[^.?!]*[;()\[\]{}=*/+] | >>>\s | \.\.\.\s{2,} | @\w+(?:\.\w+)*(?:\(.*\))?$
          | (?:print|printf|assert)\s*\(?[\w"'({\[].*[)\]'";]$ | raise\s+\w+(?:\(.*\))?$
          | Traceback\ \(most | File\ ".*",\ line\ \d | \w+(?:Error|Exception):\s
          | \w+\s*=\s*\[?f?["'].*["']\]?$ | (?:del|yield|await|lambda)\s[^?!]*[\[(=:].*$
        """,
        "C, C++, C#, Java, JavaScript, Go, Rust, Swift, Kotlin, PHP": r"""
            \#\s*(?:include|define|ifdef|ifndef|endif|pragma|undef)\b
          | (?:public|private|protected|static|function|const|let|var|int|void|double|float|char|bool|boolean|string
              |String|long|short|unsigned|auto|final|abstract|struct|enum|union|interface|typedef|extern|virtual|inline
              |template|namespace|using|package|import|export|throw|func|fn|fun|val|mut|impl|pub|trait|async|await|data)\b
            (?:[^.?!]*[({=\[]\s*(?://.*)?$ | \s[^.?!]*[\w)\]"'];\s*(?://.*)?$ | \s[^.?!]*\{.*\}$) | template\s*<
          | (?:const|let|var|val|auto)\s+\w+(?:\s*:\s*[\w<>\[\]]+)?\s*=\s*(?:["'\[{(]|\w+[.(]|-?\d+;?$)
          | (?:public|private|protected|default)\s*:\s*$ | (?:for|while|if|switch|else\ if|catch|foreach)\s*\(.*[{;)]$
          | (?:package|import|using|namespace|use)\s+[\w.:\\{}*\ ]+;$ | package\s+\w+$ | (?:data|case)\s+class\s+\w+\(
          | \}\s*(?:else|catch|finally|while)\b
          | (?:std::|cout\s*<<|cin\s*>>|System\.(?:out|err)|console\.\w+\(|Console\.\w+\(|fmt\.|echo\s+["'$])
          | (?:func|fn|fun|sub|proc)\s+\w+\s*[({] | \w+(?:<[\w<>,\ \[\]]+>)?\s+\w+\s*=\s*new\s+\w
          | [\w.>-]+(?:\+\+|--);$ | (?:break|continue|return|pass);?$
          | (?:\w[\w:,]*[<*&\[][\w:<>,*&\[\]]*|\w+::\w+)\s+[\w\[\]*&]+(?:\s*=\s*[^=].*)?;(?:\s*//.*)?$
          | [\w.\[\]$>-]+\s*[-+*/|&^%]?=\s?(?!.*\ (?:and|or|so|then|is|the|if)\ )[\w"'({\[$&-].*;$
          | [A-Za-z_][\w.\[\]]*\s*[-+*/|&]?=\s?(?:["'{\[]|[\w.]*[A-Za-z_]{2}[\w.]*[(\[]).*[)\]'"}]$
          | [\w.:$>-]+\([^()]*(?:\([^()]*\)[^()]*){0,8}\)\s*[;{]\s*(?://.*)?$ | /\*\*?\s*$ | \*/\s*$
          | \*\s+@(?:param|returns?|throws|type|see|author|deprecated|example|since|typedef|property|template)\b
          | //\s*\S.*$ | \w+\s*:=\s*\S.*$ | (?:match|defer|select|loop|unsafe|go)\s[^.?!]*[{)]$ | [\w:]+!\(.*\);$
          | <\?php | \?> | \$\w+(?:->\w+|\[[^\]]*\])*\s*(?:[.+*/-]?=[^=]|\(|->).*;?$
        """,
        "Ruby, Perl, Lua": r"""
            (?:my|our|use)\s+[\w$@%:]+.*;$ | attr_(?:reader|accessor|writer)\b | puts\s+["'\w]
          | def\s+[\w.]+[!?]?(?:\(.*\))?$ | .*\bdo\s+\|[\w,\s]+\|$ | (?:local|end)\s*[;)]*$ | require\s+["'].*["']$
          | local\s+\w+\s*=.*
        """,
        "queries": r"""
            (?!.*[.?!]$)(?:SELECT|INSERT|UPDATE|DELETE|CREATE|FROM|WHERE|ALTER|DROP|WITH|UNION)\s[\w*"`(]
          | (?:(?:INNER|LEFT|RIGHT|FULL|OUTER|CROSS)\s+)*JOIN\s+\w | (?:ORDER|GROUP)\s+BY\s+\w
          | HAVING\s+\w+.*[<>=(]
          | select\s+[\w.*(),\s]+\sfrom\s+\w+(?:\s+where\b.*|\s*)?;?$ | (?:insert\s+into|delete\s+from)\s+\w+.*;$
          | create\s+(?:table|index|view)\s+\w+\s*(?:\(|on\b|as\b).*[(;)]$
        """,
        "shell": r"""
            \#!\s?/ | \$\s(?:sudo|cd|ls|git|pip3?|npm|npx|docker|curl|wget|python3?|\./|mkdir|cat|echo|export|apt|brew
                             |make|kubectl)\b
          | (?:sudo|git|pip3?|npm|npx|yarn|docker|kubectl|curl|wget|apt-get|apt|brew|conda|chmod|mkdir|tar|ssh|scp
               |rsync|rm|cp|mv|grep|find|sed|awk|python3?|gcc|make)\s (?:[\w./:@=*"'$-]+\s)*-{1,2}\w[^.?!]*(?:\.\w+)?$
          | (?:pip3?|npm|conda|brew|apt-get|apt)\ install\s[\w.@=-]+(?:\s-\w.*)?$ | export\s+\w+=\S
          | (?:fi|done|esac)$ | if\s+\[+\s.*\]+\s*;?\s*(?:then)?$ | for\s+\w+\s+in\s[^:]*;\s*do\b.*
          | [A-Z][A-Z0-9]*_[A-Z0-9_]*=\S* | \w+=\$\(.*\)$
        """,
        "logs, traces, differences": r"""
            \[?\d{4}-\d\d-\d\d[T\ ]\d\d:\d\d:\d\d | \[\d{4}/\d\d/\d\d\ \d\d:\d\d
          | \[?(?:INFO|WARN(?:ING)?|ERROR|DEBUG|TRACE|FATAL)\]?:?\s+\[?[\w./-]+[\]:]
          | (?:\d{1,3}\.){3}\d{1,3}\ -\ \S*\ \[ | at\s+[\w$.<>]+\([\w.]*(?::\d+)?\)$ | Exception\ in\ thread
          | (?:goroutine|panic:)\s | [\w./-]+\.\w+:\d+(?::\d+)?:\s | (?:npm|yarn)\ (?:ERR!|WARN)\s
          | error(?:\[\w+\]|:)\s\S
          | diff\ --git | @@\ -\d+(?:,\d+)?\ \+\d | (?:---|\+\+\+)\ [ab]/ | index\ [0-9a-f]{7,}\.\.
        """,
        "marked-up text and data": r"""
            </?\w[^<>]*>\s*$ | <!(?:DOCTYPE|--) | <\w+(?:\s[\w:-]+="[^"]*")+\s*/?> | <\?xml\b
          | <(?P<tag>\w+)>.*</(?P=tag)>$
          | "[\w\ -]+"\s*:\s*(?:["\[{\d-]|true|false|null).* | \{\s*"[^"]*"\s*:.*\}?,?$
          | \\(?:documentclass|usepackage|newcommand|section|subsection)\b[\[{][^?!]*$
          | \\(?:begin|end)\{\w+\*?\}(?:[\[{].*[\]}])?$ | [.\#]?[\w-]+(?:[\s>+.,\#:]+[\w-]+)*\s*\{$
          | @(?:media|import)\s
          | [a-z-]+:\s[^.?!]*;$ | (?:apiVersion|kind|metadata|spec|version|services):(?:\s\S+)?$
          | \+\s*(?:[-=]{2,}\+)+\s*$
        """,
        "R, MATLAB, Haskell, Lisp, assembly, build files": r"""
            \((?:define|defun|let|lambda|setq|display|ns|defn)\b.* | \([a-z!?*+/<>=-]+\s+\([^()]*\)\)$
          | [a-z]\w*\ ::\ .*(?:->|\b[A-Z]).* | module\s+[A-Z]\w*\s+where$
          | (?!then|so)(?:[a-z]\w*\s+){2,4}=\s+[a-z]\w*\s+[.$]\s+.*
          | (?:section|global)\s+[._]\w+ | [._]\w+:\s*(?:;.*)?$ | (?:function\s+\w+\s*=|plot\(|end;$)
          | \w+:(?:\s+[\w.]+)+$(?<=\.o) | [\w.$]+\s*<-\s*[\w("].* | library\(\w+\) | .*%>%$
          | (?:mov|add|sub|cmp|jmp|push|pop|call|lea|xor|addi|lw|sw|li)\w?\s+[%$\w]+,\s*[%$\w()\[\]+-]+
            (?:,\s*[\w$%()]+)?\s*(?:[;\#].*)?$
          | (?:FROM|RUN|COPY|ADD|ENTRYPOINT|WORKDIR|EXPOSE|ENV)\s+[\["\w./-]+(?:\s|:|=|$)[^?!]*$
          | (?:CMD|ENTRYPOINT)\s+\[.*\]$
          | [A-Z]{2,}\s*(?:[:+?]=\s.*|=\s*(?:-\w|\$\(|[a-z]+$).*)
        """,
    }
)
"""Language, or sort of text -> what no line of prose looks like."""

LIKELY = MappingProxyType(
    {
        "settings": r"""
            [a-z_][\w-]*:(?:\s+[^\s.?!][^?!]*)?$ | -\s+[\w-]+:(?:\s.*)?$ | -\s+[\w./:@="'-]+$
          | [A-Za-z_]{2}[\w.-]*\s*=\s*\S[^?!]*(?<!\.)$ | \[[\w.:\ -]+\]$
        """,
        "brackets and comments": r"""
            [\]})]+[;,)]*$ | [\[{(]$ | \*\s.*$ | \*$ | \#\s.*$ | --\s\S.*$ | .*[)\]]\s*[-=]>\s.*
        """,
        "words that open or close": r"""
            (?:then|do|else|begin|end|BEGIN|END|set\s-\w+|exit\s\d)$ | (?:AND|OR|ON|SET|VALUES|LIMIT|INTO)\s+[\w("'].*
          | (?:from|where|order\ by|group\ by|limit|set|values|and)\s[\w*(].* | class\s+[A-Z]\w*(?:\s*<\s*\w+)?$
        """,
        "statements": r"""
            [\w"'$(][^.?!]*[\[{(=,]$ | [A-Za-z_]\w*\(.*$ | \w+\s+[^\s.?!]+[,;]$ | [a-z]\w*\(\)$
          | \d\d:\d\d:\d\d[.,:\s].* | [+-]\S.*$ | \w[\w.:-]*\s+-{1,2}\w.*
          | (?:return|yield|del|nonlocal|goto)\s+-?\w[\w.]*$
          | .*\s(?:==|!=|&&|\|\||->|=>|:=|<<|>>|\+=|-=)\s.* | (?:cd|ls|cat|echo|mv|cp|rm)\s\S.*$
          | (?:[a-z]\w*\s+)+=\s+\S[^?!]*[^?!.]$ | (?:ret|nop|leave|syscall)$ | [\w/.-]+/$ | \w+[\w.]*\.\w+\(.*\)?$
        """,
    }
)
"""Sort of line -> what goes with code beside it."""


def of_all(patterns: MappingProxyType[str, str]) -> re.Pattern[str]:
    """The pattern of a line that any of some patterns fits, after the space at its start.

    Args:
        patterns: `SURE` or `LIKELY`.

    Source: ours.

    Example:
        >>> of_all(SURE).match("  SELECT name FROM trees") is not None
        True
    """
    return re.compile(rf"\s*(?:{'|'.join(f'(?:{pattern})' for pattern in patterns.values())})", re.VERBOSE)
