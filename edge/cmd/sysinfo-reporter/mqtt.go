package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
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
		SetConnectTimeout(c.timeout).
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
	s := &mqttSession{client: c, gone: make(chan struct{})}
	var once sync.Once
	options.SetConnectionLostHandler(func(paho.Client, error) { once.Do(func() { close(s.gone) }) })
	s.paho = paho.NewClient(options)
	if err := s.await(ctx, s.paho.Connect()); err != nil {
		s.close()
		return nil, fmt.Errorf("connecting to the broker: %w", err)
	}
	return s, nil
}

// mqttSession is one connection of the library's.
type mqttSession struct {
	client mqttClient
	paho   paho.Client
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

func (s *mqttSession) close() { s.paho.Disconnect(goodbye) }
