package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// certificate is read from files.
type certificate struct {
	cert, key string
	pair      atomic.Pointer[tls.Certificate]
}

func (c *certificate) load() error {
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("reading the certificate: %w", err)
	}
	c.pair.Store(&pair)
	return nil
}

// loadTLS reads the certificate, and again on each SIGHUP until ctx ends.
func loadTLS(ctx context.Context, cert, key string, log *slog.Logger) (*tls.Config, error) {
	c := &certificate{cert: cert, key: key}
	if err := c.load(); err != nil {
		return nil, err
	}
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGHUP)
	go func() {
		defer signal.Stop(again)
		for {
			select {
			case <-ctx.Done():
				return
			case <-again:
			}
			if err := c.load(); err != nil {
				log.Error("the old certificate stays in use", "error", err)
			} else {
				log.Info("the certificate was read again")
			}
		}
	}()
	return tlsConfig(func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.pair.Load(), nil }), nil
}

func tlsConfig(get func(*tls.ClientHelloInfo) (*tls.Certificate, error)) *tls.Config {
	return &tls.Config{GetCertificate: get, MinVersion: tls.VersionTLS12}
}
