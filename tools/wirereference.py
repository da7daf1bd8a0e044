"""Writes the reference page: every structure with its fields, for people."""
import wireschema


def field_lines(fields, depth):
    for field in fields:
        indent = '  ' * depth
        if field.kind == 'if':
            yield '%sif %s' % (indent, field.condition.text)
            yield from field_lines(field.fields, depth + 1)
        elif field.kind == 'sized':
            yield '%ssized %s' % (indent, field.width)
            yield from field_lines(field.fields, depth + 1)
        else:
            count = {None: '', 'member': '[%s]', 'constant': '[%s]', 'rest': '[rest]'}[field.list[0] if field.list else None]
            words = [field.kind + (count % field.list[1:] if field.list else '')]
            words += ['sized ' + field.width] if field.width else []
            words += ['may be absent'] if field.optional else []
            words += ['UTF-16 if ' + field.condition.text] if field.condition else []
            words += ['over ' + str(field.over)] if field.over else []
            words += ['(%s)' % field.values] if field.values else []
            yield '%s%s  %s' % (indent, field.name, ' '.join(words))


def part(title, structure):
    lines = list(field_lines(structure.fields, 0)) or ['nothing']
    return '%s:\n\n```\n%s\n```\n\n' % (title, '\n'.join(lines))


def page(schema):
    text = '# Wire reference\n\nMade from src/protocol/*.wire; docs/wire.md explains the notation.\n\n## ROPs\n\n'
    for rop in sorted(schema.rops.values(), key=lambda rop: rop.number):
        text += '### 0x%02X %s (%s)\n\n' % (rop.number, rop.name, rop.section)
        text += 'Handles: %s.\n\n' % rop.handles.lower().replace('_', ', ')
        if rop.request and rop.request.fields:
            text += part('Request', rop.request)
        if rop.silent:
            text += 'No response.\n\n'
        elif rop.success.fields:
            text += part('Response' if rop.failure is rop.success else 'Success', rop.success)
        if rop.failure and rop.failure is not rop.success:
            text += part('Failure', rop.failure)
        for value, name, structure in rop.specials:
            text += part('Return value 0x%X (%s)' % (value, name), structure)
    text += '## MAPI/HTTP bodies\n\n'
    for body in schema.bodies.values():
        text += '### %s (%s, %s)\n\n' % (body.request_type, body.endpoint.replace('_', ' '), body.section)
        text += part('Request', body.request) + part('Success', body.success)
    text += '## Records\n\n'
    for structure in schema.structures.values():
        if any(structure in (body.request, body.success) for body in schema.bodies.values()):
            continue
        if any(structure.name.startswith(rop.name) for rop in schema.rops.values()):
            continue
        text += '### %s (%s)\n\n%s' % (structure.name, structure.section, part('Fields', structure))
    text += '## Values\n\n'
    for values in schema.values.values():
        text += '### %s%s\n\n```\n%s\n```\n\n' % (values.name, ' (bits)' if values.flags else '', '\n'.join('0x%02X  %s' % row[:2] for row in values.rows))
    return text
