package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

const (
	alert     = 0x15 // the first byte of what TLS answers to anything else
	handshake = 0x16 // that of its handshake
)

// advice returns what to do about an error of connecting, or nothing. Spoke
// tells what the broker began its answer with, 0 for no answer. With TLS it is
// handshake, or what came behind that.
func (o *options) advice(err error, spoke byte) string {
	var (
		name    x509.HostnameError
		unknown x509.UnknownAuthorityError
		invalid x509.CertificateInvalidError
		verify  *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		dns     *net.DNSError
	)
	u, parseErr := url.Parse(o.broker)
	if parseErr != nil {
		return ""
	}
	other := *u
	switch {
	case secured[u.Scheme]:
		other.Scheme = "tcp"
	default:
		other.Scheme = "ssl"
	}
	closed := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
	text := err.Error()
	switch {
	case errors.Is(err, packets.ErrorRefusedBadUsernameOrPassword), errors.Is(err, packets.ErrorRefusedNotAuthorised):
		if o.username == "" {
			return "the broker wants credentials: give --username, and --password-file or " + passwordEnv
		}
		return fmt.Sprintf("the broker refuses the credentials: look at --username (%s) and at --password-file or %s", o.username, passwordEnv)
	case errors.Is(err, packets.ErrorRefusedIDRejected):
		return fmt.Sprintf("the broker refuses the client id: give another --client-id than %s", o.clientID)
	case errors.As(err, &name):
		known := "it has no names"
		if name.Certificate != nil && len(name.Certificate.DNSNames) > 0 {
			known = "such as --tls-server-name=" + name.Certificate.DNSNames[0]
		}
		return "the broker's certificate is for another name: give that as --tls-server-name (" + known + ")"
	case errors.As(err, &unknown):
		return "no known authority signed the broker's certificate: give the file with the one that did as --tls-ca-file"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the broker's certificate is not valid at this time: look at the certificate and at this node's clock"
	case errors.As(err, &verify):
		return "look at --tls-ca-file and --tls-server-name"
	case strings.Contains(text, "certificate required"), strings.Contains(text, "bad certificate"), strings.Contains(text, "handshake failure"),
		strings.Contains(text, "unknown certificate"):
		return "the broker wants a client's certificate that it knows: give --tls-cert-file and --tls-key-file"
	case secured[u.Scheme] && closed && spoke != 0:
		// The alert that says why can be lost with the connection.
		if o.tlsCertFile == "" {
			return "the broker speaks TLS and closes the connection: if it wants a client's certificate, give --tls-cert-file and --tls-key-file"
		}
		return "the broker speaks TLS and closes the connection: does it know the certificate of --tls-cert-file and --tls-key-file?"
	case errors.As(err, &record), secured[u.Scheme] && closed:
		return "the broker does not seem to speak TLS on this port: write --broker=" + other.String()
	case spoke == alert:
		return "the broker speaks TLS on this port: write --broker=" + other.String()
	case !secured[u.Scheme] && u.Scheme != "unix" && closed:
		return "the broker closes the connection without an answer, as it does on a port for TLS: if it is one, write --broker=" + other.String()
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nobody listens there: is edgecore's broker running, and is --broker its address?"
	case errors.As(err, &dns):
		return "no such host: look at --broker"
	}
	return ""
}

// listener notes the first byte that comes over a connection.
type listener struct {
	net.Conn
	first byte
}

// Read implements net.Conn.
func (l *listener) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	if n > 0 && l.first == 0 {
		l.first = b[0]
	}
	return n, err
}
