package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

var (
	errLost   = errors.New("connection lost")
	errNoWord = errors.New("no answer from the broker")
)

// mqttClient opens sessions by MQTT 3.1.1. The library's own ways of coming
// back and of keeping unsent messages are off: they would send the past.
type mqttClient struct{ *options }

// mqtt returns the client that the options ask for, or what is wrong with the
// files that they name.
func (o *options) mqtt() (mqttClient, error) {
	c := mqttClient{o}
	_, err := c.library()
	return c, err
}

// library returns the options in the library's terms. It is called for every
// session, so that a renewed password or certificate is taken up.
func (c mqttClient) library() (*paho.ClientOptions, error) {
	l := paho.NewClientOptions().
		AddBroker(c.broker).
		SetClientID(c.clientID).
		SetCleanSession(true).
		SetAutoReconnect(false).
		SetConnectRetry(false).
		SetProtocolVersion(4).        // else it tries an older one after every failure
		SetConnectTimeout(c.timeout). // of the handshake
		SetWriteTimeout(c.timeout).
		SetKeepAlive(time.Minute).
		SetPingTimeout(c.timeout)
	if c.username != "" {
		password, err := c.readPassword()
		if err != nil {
			return nil, err
		}
		l.SetUsername(c.username).SetPassword(password)
	}
	config, err := c.tls()
	if err != nil {
		return nil, err
	}
	return l.SetTLSConfig(config), nil
}

func (o *options) tls() (*tls.Config, error) {
	config := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         o.tlsServerName,
		InsecureSkipVerify: o.tlsInsecureSkipVerify,
	}
	if o.tlsCAFile != "" {
		pem, err := os.ReadFile(o.tlsCAFile)
		if err != nil {
			return nil, fmt.Errorf("reading --tls-ca-file: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("reading --tls-ca-file: no certificate in %s", o.tlsCAFile)
		}
	}
	if o.tlsCertFile != "" {
		certificate, err := tls.LoadX509KeyPair(o.tlsCertFile, o.tlsKeyFile)
		if err != nil {
			return nil, fmt.Errorf("reading --tls-cert-file and --tls-key-file: %w", err)
		}
		config.Certificates = []tls.Certificate{certificate}
	}
	return config, nil
}

func (c mqttClient) connect(ctx context.Context) (session, error) {
	options, err := c.library()
	if err != nil {
		return nil, err
	}
	// The session opens its network connection itself and so can close it:
	// the library would wait without end for a broker that takes a connection
	// and never answers, with a goroutine and a file for every attempt.
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	conn, err := dial(ctx, options.Servers[0], options.TLSConfig)
	if err != nil {
		return nil, c.explain(err, 0)
	}
	heard := &listener{Conn: conn}
	options.SetCustomOpenConnectionFn(func(*url.URL, paho.ClientOptions) (net.Conn, error) { return heard, nil })
	s := &mqttSession{client: c, conn: conn, gone: make(chan struct{})}
	var once sync.Once
	options.SetConnectionLostHandler(func(paho.Client, error) { once.Do(func() { close(s.gone) }) })
	s.paho = paho.NewClient(options)
	if err := s.await(ctx, s.paho.Connect()); err != nil {
		s.close()
		spoke := heard.first
		if _, secure := conn.(*tls.Conn); secure && spoke == 0 {
			spoke = handshake
		}
		return nil, c.explain(err, spoke)
	}
	return s, nil
}

// explain makes an error of connecting one that says what to do.
func (c mqttClient) explain(err error, spoke byte) error {
	if advice := c.advice(err, spoke); advice != "" {
		return fmt.Errorf("connecting to the broker: %w; %s", err, advice)
	}
	return fmt.Errorf("connecting to the broker: %w", err)
}

// dial opens a connection to the broker, with TLS where the URL says so.
func dial(ctx context.Context, u *url.URL, config *tls.Config) (net.Conn, error) {
	var dialer net.Dialer
	if u.Scheme == "unix" {
		return dialer.DialContext(ctx, "unix", u.Path)
	}
	port := u.Port()
	if port == "" {
		port = brokerPorts[u.Scheme]
	}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil || !secured[u.Scheme] {
		return conn, err
	}
	if config.ServerName == "" {
		config = config.Clone()
		config.ServerName = u.Hostname()
	}
	client := tls.Client(conn, config)
	if err := client.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return client, nil
}

// mqttSession is one connection of the library's.
type mqttSession struct {
	client mqttClient
	paho   paho.Client
	conn   net.Conn
	gone   chan struct{}
}

func (s *mqttSession) publish(ctx context.Context, message []byte) error {
	if err := s.await(ctx, s.paho.Publish(s.client.topic, byte(s.client.qos), false, message)); err != nil {
		return fmt.Errorf("publishing a report: %w", err)
	}
	return nil
}

// await waits for the broker's answer, for the connection's end or for the
// time out, whichever is first: the library's tokens of a lost connection may
// never come.
func (s *mqttSession) await(ctx context.Context, token paho.Token) error {
	timeout := time.NewTimer(s.client.timeout)
	defer timeout.Stop()
	select {
	case <-token.Done():
		return token.Error()
	case <-s.gone:
		return errLost
	case <-timeout.C:
		return errNoWord
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *mqttSession) lost() <-chan struct{} { return s.gone }

// goodbye is the time that the library gets to say it, in milliseconds.
const goodbye = 100

func (s *mqttSession) close() {
	s.paho.Disconnect(goodbye)
	s.conn.Close()
}
