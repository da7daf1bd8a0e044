#!/usr/bin/env python3
"""Writes the manual pages from what the programs themselves say, so that help and manual have one source.

usage: manual.py mapihttp MAPIHTTP        > mapihttp.1        every sub-command's usage text
       manual.py mapihttpd MAPIHTTPD      > mapihttpd.8       its options
       manual.py mapihttp.conf MAPIHTTPD  > mapihttp.conf.5   every setting, its default and its range
       manual.py operations MAPIHTTP FOLDER     mapihttp-NAME.1 of each operation, under $DESTDIR, and a link by its ordinary command
"""
import json
import os
import re
import subprocess
import sys

SEE_ALSO = {'mapihttp': 'mapihttpd(8), mapihttp.conf(5)', 'mapihttpd': 'mapihttp(1), mapihttp.conf(5)',
            'mapihttp.conf': 'mapihttpd(8), mapihttp(1)'}


def output(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def quote(text):
    """Text that roff takes literally."""
    text = text.replace('\\', '\\e').replace('-', '\\-')
    return re.sub(r"^([.'])", r'\\&\1', text)


def head(name, section, summary):
    return [f'.TH {name.upper()} {section} "" mapihttp', '.SH NAME', f'{quote(name)} \\- {quote(summary)}']


def tail(name):
    return ['.SH SEE ALSO', quote(SEE_ALSO[name])]


def preformatted(text):
    return ['.nf'] + [quote(line) for line in text.rstrip('\n').split('\n')] + ['.fi']


def usage(text):
    """A usage text: forms, paragraphs, and options as '  --name VALUE   what it does'."""
    lines = []
    paragraphs = re.split(r'\n\s*\n', text.strip('\n'))
    for index, paragraph in enumerate(paragraphs):
        rows = paragraph.split('\n')
        if index:
            lines.append('.PP')
        if index == 0:
            lines += preformatted(paragraph)
            continue
        text_rows = []
        for row in rows:
            found = re.match(r'  (-\S.*?)(?:\s{2,}(\S.*))?$', row)
            if found:
                lines += [quote(r) for r in text_rows] + ['.TP', '.B ' + quote(found.group(1))]
                text_rows = [found.group(2)] if found.group(2) else []
            elif row.startswith('    ') and lines and text_rows:
                text_rows.append(row.strip())
            else:
                lines += [quote(r) for r in text_rows]
                text_rows = [row.strip()]
        lines += [quote(r) for r in text_rows]
    return lines


def command_page(program):
    lines = head('mapihttp', 1, 'a client of any MAPI/HTTP server, and the administration of ours')
    lines += ['.SH SYNOPSIS', '.B mapihttp', 'COMMAND [OPTION...]', '.SH COMMANDS']
    names = re.findall(r'^  (\S+) +(\S.*)$', output(program, 'help'), re.M)
    for name, summary in names:
        lines += [f'.SS {quote(name)} \\- {quote(summary)}'] + usage(output(program, 'help', name))
    lines += ['.SH OPERATIONS', 'An ordinary command and a name of Exchange for the same thing; each has a page of its own, such as',
              '.BR mapihttp\\-set\\-casmailbox (1).']
    for row in operations(program):
        lines += ['.TP', '.B ' + quote(', '.join(filter(None, (row['Command'], row['Name'])))), quote(row['Summary'])]
    lines += ['.SH EXIT STATUS', '0 done; 1 failed, and standard error says why; 2 the words were wrong.']
    return lines + tail('mapihttp')


def operations(program):
    return json.loads(output(program, 'Get-Command', '--json'))


def operation_pages(program, folder):
    """Installs them: which there are, only the program knows."""
    folder = os.environ.get('DESTDIR', '') + folder
    os.makedirs(folder, exist_ok=True)
    for row in operations(program):
        name = 'mapihttp-' + row['Name'].lower()
        lines = [f'.TH {name.upper()} 1 "" mapihttp', '.SH NAME', f'{quote(name)} \\- {quote(row["Summary"])}', '.SH SYNOPSIS']
        lines += usage(output(program, 'help', row['Name']))
        lines += ['.SH EXIT STATUS', '0 done; 1 failed for at least one object, and standard error says why; 2 the words were wrong.',
                  '.SH SEE ALSO', 'mapihttp(1), mapihttpd(8)']
        with open(os.path.join(folder, name + '.1'), 'w', encoding='utf-8') as file:
            file.write('\n'.join(lines) + '\n')
        other = 'mapihttp-' + (row['Command'] or '').replace(' ', '-')
        if row['Command'] and other != name:
            link = os.path.join(folder, other + '.1')
            if os.path.lexists(link):
                os.remove(link)
            os.symlink(name + '.1', link)


def server_page(program):
    text = output(program, '--help')
    lines = head('mapihttpd', 8, 'MAPI over HTTP server')
    return lines + ['.SH SYNOPSIS'] + usage(re.sub(r'^usage: ', '', text)) + tail('mapihttpd')


def configuration_page(program):
    lines = head('mapihttp.conf', 5, 'settings of mapihttpd and of mapihttp on the same machine')
    lines += ['.SH DESCRIPTION', 'An ini file, /etc/mapihttp/mapihttp.conf by default. A setting that is not there has the value shown.']
    comment = []
    for row in output(program, '--print-config').split('\n'):
        setting = re.match(r'#?([a-z_]+) = ?(.*)$', row)
        section = re.match(r'\[(\w+)\]', row)
        if section:
            lines.append(f'.SH [{section.group(1)}]')
        elif setting:
            lines += ['.TP', f'.B {setting.group(1)} = {quote(setting.group(2))}'] + [quote(text) for text in comment]
        if row.startswith('# '):
            comment.append(row[2:])
        else:
            comment = []
    return lines + tail('mapihttp.conf')


PAGES = {'mapihttp': command_page, 'mapihttpd': server_page, 'mapihttp.conf': configuration_page}

if __name__ == '__main__':
    if len(sys.argv) == 4 and sys.argv[1] == 'operations':
        operation_pages(sys.argv[2], sys.argv[3])
        sys.exit(0)
    if len(sys.argv) != 3 or sys.argv[1] not in PAGES:
        sys.exit(__doc__)
    print('\n'.join(PAGES[sys.argv[1]](sys.argv[2])))
