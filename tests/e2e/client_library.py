"""libmapihttp by ctypes: the public headers' structures as far as the tests need them."""
import ctypes
import os
import subprocess
import unittest

import harness


class Options(ctypes.Structure):
    _fields_ = [('address', ctypes.c_char_p), ('user', ctypes.c_char_p), ('password', ctypes.c_char_p),
                ('bearer_token', ctypes.c_char_p), ('authentication', ctypes.c_int), ('server', ctypes.c_char_p),
                ('url', ctypes.c_char_p), ('user_dn', ctypes.c_char_p), ('ca_file', ctypes.c_char_p),
                ('connect_to', ctypes.c_char_p), ('client_application', ctypes.c_char_p), ('insecure', ctypes.c_bool),
                ('resend', ctypes.c_bool), ('keep_alive', ctypes.c_bool), ('connect_timeout_ms', ctypes.c_uint32),
                ('response_timeout_ms', ctypes.c_uint32), ('attempts_max', ctypes.c_uint32), ('retry_pause_ms', ctypes.c_uint32),
                ('trace', ctypes.c_void_p), ('trace_data', ctypes.c_void_p)]


class Error(ctypes.Structure):
    _fields_ = [('status', ctypes.c_int), ('code', ctypes.c_uint32), ('text', ctypes.c_char * 500)]


class State(ctypes.Structure):
    _fields_ = [('url', ctypes.c_char_p), ('user_dn', ctypes.c_char_p), ('expiration_ms', ctypes.c_uint32),
                ('pending_period_ms', ctypes.c_uint32), ('resend_supported', ctypes.c_bool), ('context_count', ctypes.c_uint64),
                ('logon_count', ctypes.c_uint64), ('resend_count', ctypes.c_uint64), ('repeat_count', ctypes.c_uint64),
                ('reconnect_count', ctypes.c_uint64), ('connection_count', ctypes.c_size_t), ('connections', ctypes.c_void_p)]


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
