package udp

// Kill closes a stream's socket as if the system had.
func Kill(s *Stream) { s.socket.close() }
