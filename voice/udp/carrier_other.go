//go:build !linux

package udp

import (
	"net"
	"net/netip"
)

// carrier is a socket of the system.
type carrier struct{ conn *net.UDPConn }

// newCarrier opens a socket that reaches remote: connected to it, or to all of its kind.
func newCarrier(remote netip.AddrPort, connected bool) (*carrier, error) {
	conn, err := listenUDP(remote, connected)
	if err != nil {
		return nil, err
	}
	return &carrier{conn}, nil
}

// close ends reading and sending.
func (c *carrier) close() { c.conn.Close() }

// write sends a datagram.
func (c *carrier) write(remote netip.AddrPort, connected bool, datagram []byte) (err error) {
	if connected {
		_, err = c.conn.Write(datagram)
	} else {
		_, err = c.conn.WriteToUDPAddrPort(datagram, remote)
	}
	return err
}
