"""libmapihttp by ctypes: with the structures as the public headers declare them."""
import ctypes
import os
import re
import subprocess
import unittest

import harness


TYPES = {'bool': ctypes.c_bool, 'uint32_t': ctypes.c_uint32, 'uint64_t': ctypes.c_uint64, 'size_t': ctypes.c_size_t}


def fields(header, structure):
    """The fields of a structure as the public header declares them, one declaration a line."""
    with open(os.path.join(harness.ROOT, 'include/mapihttp', header), encoding='utf-8') as file:
        text = re.sub(r'/\*.*?\*/', '', file.read(), flags=re.DOTALL)
    result = []
    for line in re.search(rf'^struct {structure} {{\n(.*?)^}};', text, re.DOTALL | re.MULTILINE)[1].split(';'):
        line = ' '.join(line.split())
        if match := re.fullmatch(r'.*\(\*(\w+)\)\(.*\)', line):
            result.append((match[1], ctypes.c_void_p))
        elif match := re.fullmatch(r'const char \*(\w+)', line):
            result.append((match[1], ctypes.c_char_p))
        elif match := re.fullmatch(r'.*\*(\w+)', line):
            result.append((match[1], ctypes.c_void_p))
        elif match := re.fullmatch(r'char (\w+)\[(\d+)\]', line):
            result.append((match[1], ctypes.c_char * int(match[2])))
        elif match := re.fullmatch(r'enum \w+ (\w+)', line):
            result.append((match[1], ctypes.c_int))
        elif line:
            kind, name = line.split()
            result.append((name, TYPES[kind]))
    return result


class Options(ctypes.Structure):
    _fields_ = fields('session.h', 'mapihttp_options')


class Error(ctypes.Structure):
    _fields_ = fields('error.h', 'mapihttp_error')


class State(ctypes.Structure):
    _fields_ = fields('session.h', 'mapihttp_session_state')


def load():
    path = os.path.join(harness.BUILD, 'include/mapihttp/libmapihttp.so.0')
    if 'san.so' in subprocess.run(['ldd', path], capture_output=True, text=True, check=True).stdout:
        raise unittest.SkipTest('a sanitized library cannot be loaded into python')
    library = ctypes.CDLL(path)
    library.mapihttp_session_state.restype = ctypes.POINTER(State)
    library.mapihttp_special_folder.restype = ctypes.c_uint64
    library.mapihttp_folders_count.restype = ctypes.c_size_t
    for name in ('close', 'state', 'ping', 'drop_connections', 'cancel'):
        getattr(library, 'mapihttp_session_' + name).argtypes = [ctypes.c_void_p] + ([ctypes.POINTER(Error)] if name == 'ping' else [])
    library.mapihttp_special_folder.argtypes = [ctypes.c_void_p, ctypes.c_int]
    library.mapihttp_folders_list.argtypes = [ctypes.c_void_p, ctypes.c_uint64, ctypes.POINTER(ctypes.c_void_p), ctypes.POINTER(Error)]
    library.mapihttp_folders_count.argtypes = [ctypes.c_void_p]
    library.mapihttp_folders_free.argtypes = [ctypes.c_void_p]
    return library


class Session:
    def __init__(self, server, **settings):
        self.library = load()
        self.error = Error()
        self.session = ctypes.c_void_p()
        options = Options()
        self.library.mapihttp_options_initialize(ctypes.byref(options))
        options.address = server.address().encode()
        options.password = harness.PASSWORD.encode()
        options.server = f'localhost:{server.tls_port}'.encode()
        options.ca_file = server.certificate.encode()
        for name, value in settings.items():
            setattr(options, name, value)
        self.status = self.library.mapihttp_session_open(ctypes.byref(options), ctypes.byref(self.session), ctypes.byref(self.error))

    def __enter__(self):
        assert self.status == 0, self.error.text.decode()
        return self

    def __exit__(self, *unused):
        self.library.mapihttp_session_close(self.session)

    def count_folders(self):
        folders = ctypes.c_void_p()
        top = self.library.mapihttp_special_folder(self.session, 3)
        status = self.library.mapihttp_folders_list(self.session, top, ctypes.byref(folders), ctypes.byref(self.error))
        assert status == 0, self.error.text.decode()
        count = self.library.mapihttp_folders_count(folders)
        self.library.mapihttp_folders_free(folders)
        return count

    def state(self):
        return self.library.mapihttp_session_state(self.session).contents
