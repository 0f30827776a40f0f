#!/usr/bin/python3
"""Man pages from the argument parser's own description (`domicile --experimental-dump-help`): a page a command, in roff."""

import json
import pathlib
import re
import sys


def escape(text):
    """Text as roff prints it: backslashes, hyphens that are minus signs, and lines that would be requests."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.MULTILINE)


def filled(text):
    return escape(" ".join(text.split()))


def name_of(argument):
    """An option's names with its value, an argument's place."""
    value = f" \\fI{escape(argument.get('valueName', ''))}\\fR"
    if argument["kind"] == "positional":
        return value.strip()
    names = ", ".join(f"\\fB{escape(('--' if name['kind'] == 'long' else '-') + name['name'])}\\fR" for name in
                      sorted(argument["names"], key=lambda name: name["kind"] == "long"))
    return names + (value if argument["kind"] == "option" else "")


def synopsis(argument):
    if argument["kind"] == "positional":
        text = f"\\fI{escape(argument['valueName'])}\\fR"
    else:
        preferred = argument["preferredName"]
        text = f"\\fB{escape(('--' if preferred['kind'] == 'long' else '-') + preferred['name'])}\\fR"
        if argument["kind"] == "option":
            text += f" \\fI{escape(argument.get('valueName', ''))}\\fR"
    if argument["isRepeating"]:
        text += " ..."
    return f"[{text}]" if argument["isOptional"] else text


def shown(command):
    return [one for one in command.get("arguments", []) if one.get("shouldDisplay", True)]


def children(command):
    return [one for one in command.get("subcommands", []) if one.get("shouldDisplay", True) and one["commandName"] != "help"]


def page(words, command, version, date, siblings):
    title = "-".join(words)
    lines = [f'.TH "{escape(title.upper())}" 1 "{date}" "domicile {version}" "Domicile"', ".SH NAME",
             f"{escape(title)} \\- {filled(command['abstract']).rstrip('.')}", ".SH SYNOPSIS",
             f"\\fB{escape(' '.join(words))}\\fR " + ("\\fIcommand\\fR" if children(command) else
                                                     " ".join(synopsis(one) for one in shown(command)))]
    if command.get("discussion"):
        lines.append(".SH DESCRIPTION")
        for number, paragraph in enumerate(re.split(r"\n\s*\n", command["discussion"])):
            lines += ([".PP"] if number else []) + [filled(paragraph)]
    if children(command):
        lines.append(".SH COMMANDS")
        for child in children(command):
            lines += [".TP", f"\\fB{escape(' '.join([*words, child['commandName']]))}\\fR", filled(child.get("abstract", ""))]
    if shown(command):
        lines.append(".SH OPTIONS")
        for one in shown(command):
            lines += [".TP", name_of(one)]
            text = filled(one.get("abstract", ""))
            if one.get("defaultValue") and one["kind"] != "flag":
                text += f" Default: {escape(one['defaultValue'])}."
            lines.append(text)
    if words == ["domicile"]:
        lines += [".SH FILES", ".TP", "\\fI/etc/domicile/domicile.yaml\\fR", "The configuration of domicile.service.", ".TP",
                  "\\fI/var/lib/domicile\\fR", "The audit logs, and what must survive a restart."]
    others = [one for one in siblings if one != title]
    if others:
        lines += [".SH SEE ALSO", ",\n".join(f".BR {escape(one)} (1)" for one in others[:-1])]
        lines[-1] = "\n".join(f".BR {escape(one)} (1)," for one in others[:-1]) + ("\n" if len(others) > 1 else "") + \
            f".BR {escape(others[-1])} (1)"
    return "\n".join(line for line in lines if line) + "\n"


def pages(words, command):
    found = [(words, command)]
    for child in children(command):
        found += pages([*words, child["commandName"]], child)
    return found


def main():
    if len(sys.argv) != 4:
        raise SystemExit("man.py FOLDER VERSION DATE < dump-help JSON")
    folder, version, date = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    root = json.load(sys.stdin)["command"]
    folder.mkdir(parents=True, exist_ok=True)
    found = pages(["domicile"], root)
    titles = ["-".join(words) for words, _ in found]
    for words, command in found:
        # What stands above it, and what stands below.
        related = [title for title in titles if title == "-".join(words[:-1]) or title.rpartition("-")[0] == "-".join(words)]
        (folder / f"{'-'.join(words)}.1").write_text(page(words, command, version, date, related))


main()
