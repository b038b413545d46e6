package main

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
)

// brokerPorts are the ports of URLs without one.
var brokerPorts = map[string]string{"tcp": "1883", "mqtt": "1883", "ssl": "8883", "tls": "8883", "mqtts": "8883"}

var secured = map[string]bool{"ssl": true, "tls": true, "mqtts": true}

var scheme = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*://`)

// checkBroker returns an error that says how the flag is written right, unless
// it is.
func checkBroker(broker string) error {
	if !scheme.MatchString(broker) {
		if at := strings.LastIndexByte(broker, '@'); at >= 0 && !strings.HasPrefix(broker, "/") {
			// A password would show in the log.
			return fmt.Errorf("--broker: has no scheme, and must be without credentials; write --broker=%s, and give --username and --password-file or %s", withScheme(broker[at+1:]), passwordEnv)
		}
		return fmt.Errorf("--broker %s: has no scheme; write --broker=%s", broker, withScheme(broker))
	}
	u, err := url.Parse(broker)
	switch {
	case err != nil:
		return fmt.Errorf("--broker %s: is no URL such as tcp://127.0.0.1:1883", broker[strings.LastIndexByte(broker, '@')+1:])
	case u.User != nil:
		// It would show in the process list and in the log.
		u.User = nil
		return fmt.Errorf("--broker: must be without credentials; write --broker=%s, and give --username and --password-file or %s", u, passwordEnv)
	case u.Scheme == "unix" && u.Path != "":
		return nil
	case u.Scheme == "unix":
		return fmt.Errorf("--broker %s: has no path; write it such as unix:///run/mosquitto.sock", broker)
	case brokerPorts[u.Scheme] == "":
		return fmt.Errorf("--broker %s: the scheme is none of tcp, ssl and unix; write --broker=%s", broker, withScheme(u.Host))
	case u.Hostname() == "":
		return fmt.Errorf("--broker %s: has no host; write it such as %s://127.0.0.1:%s", broker, u.Scheme, brokerPorts[u.Scheme])
	}
	return nil
}

var digits = regexp.MustCompile(`^\d+$`)

// halfScheme is a scheme that lacks a part of ://.
var halfScheme = regexp.MustCompile(`^(?i:(tcp|mqtts?|ssl|tls|unix)(?::/?|//))`)

// unusedTLS returns the flags for TLS that are given for a broker without.
func (o *options) unusedTLS() (flags []string) {
	if u, err := url.Parse(o.broker); err != nil || secured[u.Scheme] {
		return nil
	}
	for _, f := range []struct {
		name  string
		given bool
	}{
		{"--tls-ca-file", o.tlsCAFile != ""}, {"--tls-cert-file", o.tlsCertFile != ""},
		{"--tls-server-name", o.tlsServerName != ""}, {"--tls-insecure-skip-verify", o.tlsInsecureSkipVerify},
	} {
		if f.given {
			flags = append(flags, f.name)
		}
	}
	return flags
}

// withScheme makes a URL of a host, of a path, or of what was to be one.
func withScheme(host string) string {
	host = strings.TrimSpace(host)
	if scheme.MatchString(host) {
		return host
	}
	if digits.MatchString(host) {
		host = ":" + host
	}
	if m := halfScheme.FindStringSubmatch(host); m != nil && !digits.MatchString(host[len(m[0]):]) { // mqtt:1883 is a host of that name
		kind, rest := strings.ToLower(m[1]), strings.TrimPrefix(host, m[0])
		switch u := kind + "://" + rest; {
		case kind == "unix":
			return "unix:///" + strings.TrimLeft(rest, "/")
		case checkBroker(u) == nil:
			return u
		}
		host = rest
	}
	if strings.HasPrefix(host, "/") {
		return "unix://" + host
	}
	host, _, _ = strings.Cut(host, "/")
	if host == "" {
		host = "127.0.0.1"
	}
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = strings.Trim(host, "[]"), brokerPorts["tcp"]
	}
	if name == "" {
		name = "127.0.0.1"
	}
	kind := "tcp"
	if port == brokerPorts["ssl"] {
		kind = "ssl"
	}
	return kind + "://" + net.JoinHostPort(name, port)
}
