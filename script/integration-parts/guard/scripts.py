"""Cuts SQL scripts into statements, as psql does: quotes, dollar quotes, comments, parentheses, BEGIN ATOMIC."""

import re

TOKEN = re.compile(r"""--[^\n]*|/\*|E'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(?:[A-Za-z_\x80-\uffff]\w*)?\$"""
                   r"""|[A-Za-z_\x80-\uffff][\w$]*|\d[\w.]*|\\[^\n]*|[;()]|\s+|.""", re.DOTALL | re.IGNORECASE)
COPY_IN = re.compile(r"\s*copy\b.*\bfrom\s+stdin\b", re.IGNORECASE | re.DOTALL)
COMMENT = re.compile(r"/\*|\*/")
# A statement longer than this is one that the cutting went wrong with.
LIMIT = 60_000


def statements(text):
    """(statement without its semicolon, what COPY FROM STDIN is fed); "\\c" for a new session."""
    at, begun, depth, atomic, words = 0, 0, 0, 0, []
    while at < len(text):
        token = TOKEN.match(text, at)[0]
        end = at + len(token)
        if token == "/*":
            end = end_of_comment(text, end)
        elif token[0] == "$" and len(token) > 1:
            close = text.find(token, end)
            end = len(text) if close < 0 else close + len(token)
        elif token in "()":
            depth += 1 if token == "(" else -1
        elif token[0] == "\\" and len(token) > 1:
            # A command of psql's ends what stands before it.
            if text[begun:at].strip():
                yield text[begun:at].strip(), ""
            if token.split()[0] in ("\\c", "\\connect"):
                yield "\\c", ""
            begun, depth, atomic, words = end, 0, 0, []
        elif token[0].isalpha():
            word = token.lower()
            atomic += (word == "atomic" and words[-1:] == ["begin"]) or (atomic > 0 and word == "case")
            atomic -= atomic > 0 and word == "end"
            words = [*words[-1:], word]
        elif token == ";" and depth <= 0 and atomic == 0:
            statement = text[begun:at].strip()
            data = ""
            if COPY_IN.match(statement):
                line = text.find("\n", end) + 1
                close = text.find("\n\\.", line - 1)
                if line and close >= 0:
                    data, end = text[line:close + 1], close + 3
            if statement and len(statement) < LIMIT:
                yield statement, data
            begun, depth, words = end, 0, []
        at = end
    if text[begun:].strip():
        yield text[begun:].strip(), ""


def end_of_comment(text, at):
    depth = 1
    while depth:
        found = COMMENT.search(text, at)
        if not found:
            return len(text)
        depth += 1 if found[0] == "/*" else -1
        at = found.end()
    return at


def first_word(statement):
    """In lower case, behind comments and parentheses."""
    bare = re.sub(r"--[^\n]*|/\*.*?\*/", " ", statement, flags=re.DOTALL)
    found = re.search(r"[A-Za-z]+", bare)
    return found[0].lower() if found else ""
