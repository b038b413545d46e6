package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// mute listens, takes connections, greets each and never answers.
func mute(t *testing.T, network, address string, greeting ...byte) net.Listener {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if _, err := conn.Write(greeting); err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, conn) // until the client closes it
			}()
		}
	}()
	return l
}

// However often a broker takes a connection and never answers, nothing of the
// attempts stays behind.
func TestMuteBroker(t *testing.T) {
	port := mute(t, "tcp", "127.0.0.1:0").Addr().String()
	socket := filepath.Join(t.TempDir(), "s")
	mute(t, "unix", socket)
	for name, broker := range map[string]string{"tcp": "tcp://" + port, "ssl": "ssl://" + port, "unix": "unix://" + socket} {
		t.Run(name, func(t *testing.T) {
			o, err := parseOptions([]string{"--timeout=100ms", "--broker=" + broker}, environment())
			if err != nil {
				t.Fatal(err)
			}
			client, err := o.mqtt()
			if err != nil {
				t.Fatal(err)
			}
			before := runtime.NumGoroutine()
			for i := 0; i < 5; i++ {
				if _, err := client.connect(context.Background()); !errors.Is(err, errNoWord) && !errors.Is(err, context.DeadlineExceeded) && !isTimeout(err) {
					t.Fatalf("error %v, want one of a deadline", err)
				}
			}
			noneBehind(t, before)
		})
	}
}

// noneBehind waits until there are no more goroutines than before.
func noneBehind(t *testing.T, before int) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for runtime.NumGoroutine() > before {
		select {
		case <-deadline:
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines stay behind:\n%s", runtime.NumGoroutine()-before, stacks[:runtime.Stack(stacks, true)])
		case <-tick.C:
		}
	}
}

// A broker that accepts the client and then no report is left, too.
func TestBrokerWithoutAcknowledgement(t *testing.T) {
	accepted := []byte{0x20, 2, 0, 0} // CONNACK
	address := mute(t, "tcp", "127.0.0.1:0", accepted...).Addr().String()
	o, err := parseOptions([]string{"--timeout=100ms", "--broker=tcp://" + address}, environment())
	if err != nil {
		t.Fatal(err)
	}
	client, err := o.mqtt()
	if err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	for i := 0; i < 5; i++ {
		session, err := client.connect(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if err := session.publish(context.Background(), make([]byte, 1000)); !errors.Is(err, errNoWord) {
			t.Errorf("error %v, want %v", err, errNoWord)
		}
		session.close()
	}
	noneBehind(t, before)
}

// A broker that wants a client's certificate closes the connection behind the
// handshake, and the alert that says so may never be read.
func TestClosedBehindTheHandshake(t *testing.T) {
	server := httptest.NewTLSServer(nil)
	t.Cleanup(server.Close)
	for name, end := range map[string]func(*tls.Conn){
		"reset":                 func(c *tls.Conn) { _ = c.NetConn().(*net.TCPConn).SetLinger(0) },
		"closed":                func(*tls.Conn) {},
		"closed behind CONNECT": func(c *tls.Conn) { _, _ = c.Read(make([]byte, 1)) },
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { l.Close() })
			go func() {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				defer conn.Close()
				secure := tls.Server(conn, server.TLS)
				if err := secure.Handshake(); err == nil {
					end(secure)
				}
			}()
			o, err := parseOptions([]string{"--broker=ssl://" + l.Addr().String(), "--tls-insecure-skip-verify"}, environment())
			if err != nil {
				t.Fatal(err)
			}
			client, err := o.mqtt()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client.connect(context.Background()); err == nil || !strings.Contains(err.Error(), "give --tls-cert-file and --tls-key-file") {
				t.Errorf("error %v, want advice on certificates", err)
			}
		})
	}
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout() || strings.Contains(err.Error(), "i/o timeout")
}

// Being told to stop does not wait for a broker.
func TestConnectEndsWithContext(t *testing.T) {
	o, err := parseOptions([]string{"--timeout=1m", "--broker=tcp://" + mute(t, "tcp", "127.0.0.1:0").Addr().String()}, environment())
	if err != nil {
		t.Fatal(err)
	}
	client, err := o.mqtt()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if _, err := client.connect(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
}

// What the options say of the message goes over the line.
func TestOptionsOverTheLine(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	line := make(chan []byte)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if _, err := conn.Write([]byte{0x20, 2, 0, 0}); err != nil { // CONNACK
			return
		}
		b, _ := io.ReadAll(conn)
		line <- b
	}()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("the-password\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	if code := run(context.Background(), []string{
		"--once", "--qos=0", "--broker=tcp://" + l.Addr().String(), "--topic=a/user/b", "--client-id=the-id",
		"--username=the-user", "--password-file=" + file, "--interval=7s",
	}, environment(), nil, &log); code != 0 {
		t.Fatalf("exit status %d: %s", code, &log)
	}
	got := <-line
	// After CONNECT comes PUBLISH, whose first byte has QoS and retain: a broker
	// that kept the report would hand it to whoever comes later.
	if length := int(got[1]); got[0] != 0x10 || got[2+length] != 0x30 {
		t.Errorf("packets begin with %#x and %#x, want 0x10 and 0x30", got[0], got[2+length])
	}
	for _, want := range []string{"\x00\x04MQTT\x04", "\x00\x06the-id", "\x00\x08the-user", "\x00\x0cthe-password", "\x00\x08a/user/b", `"intervalSeconds":7,`} {
		if !bytes.Contains(got, []byte(want)) {
			t.Errorf("no %q in %q", want, got)
		}
	}
}
