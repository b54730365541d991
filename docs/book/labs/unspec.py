"""bind() with a family that was left at zero."""
import ctypes, errno, socket, struct

libc = ctypes.CDLL(None, use_errno=True)


def bind(kind, text, address):
    with socket.socket(kind, socket.SOCK_STREAM) as s:
        failed = libc.bind(s.fileno(), address, len(address))
        result = errno.errorcode[ctypes.get_errno()] if failed else "success"
        print(f"{text}: {result}")


def ipv4(family, address):
    # The family in the machine's byte order, then port and address in the network's.
    return struct.pack("=H", family) + struct.pack("!H", 0) + socket.inet_aton(address) + bytes(8)


bind(socket.AF_INET, "AF_INET socket, AF_INET 127.0.0.1  ", ipv4(socket.AF_INET, "127.0.0.1"))
bind(socket.AF_INET, "AF_INET socket, AF_UNSPEC 0.0.0.0  ", ipv4(socket.AF_UNSPEC, "0.0.0.0"))
bind(socket.AF_INET, "AF_INET socket, AF_UNSPEC 127.0.0.1", ipv4(socket.AF_UNSPEC, "127.0.0.1"))
bind(socket.AF_INET6, "AF_INET6 socket, AF_UNSPEC ::      ", struct.pack("=H", 0) + bytes(26))
