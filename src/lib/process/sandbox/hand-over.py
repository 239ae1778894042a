# Runs inside the sandbox, before the engine: listens on the loopback of the run's own network, hands the listener to the
# server (Node's protocol between parent and child: a line of JSON with SCM_RIGHTS), waits until it has it, and becomes
# the engine. The channel is closed by then, so an engine has nothing to say to the server. Arguments: the port, then the
# engine's.
import _socket, os, sys
from array import array
listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
listener.bind(('127.0.0.1', int(sys.argv[1])))
listener.listen(512)
channel = _socket.socket(fileno=int(os.environ.pop('NODE_CHANNEL_FD')))
os.environ.pop('NODE_CHANNEL_SERIALIZATION_MODE', None)
channel.setblocking(True)
rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, array('i', [listener.fileno()]))]
channel.sendmsg([b'{"cmd":"NODE_HANDLE","type":"net.Server","msg":{}}\n'], rights)
answer = b''
while not answer.endswith(b'\n'):
    part = channel.recv(4096)
    if not part:
        sys.exit('sluice-sandbox: the server is gone')
    answer += part
if b'NODE_HANDLE_ACK' not in answer:
    sys.exit('sluice-sandbox: the server did not take the listener')
channel.close()
listener.close()
try:
    os.execv(sys.argv[2], sys.argv[2:])
except OSError as error:
    sys.exit(f'sluice-sandbox: {error}')
