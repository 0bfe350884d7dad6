package main

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/exdesk/exdesk/examples/internal/settings"
)

// config is the environment.
type config struct {
	*settings.Settings
	every  time.Duration
	since  time.Time
	dry    bool
	listen string // "" is nowhere
	stop   time.Duration
	log    *slog.Logger
}

// readConfig returns what could be read, besides an error: where it listens, and
// where to write the error.
func readConfig(lookup func(string) (string, bool), stderr io.Writer) (*config, error) {
	e := settings.NewEnvironment(lookup)
	c := &config{
		every:  e.Duration("EXDESK_EVERY", 30*time.Second),
		dry:    e.One("EXDESK_DRY_RUN", "false", "true") == "true",
		listen: e.Get("EXDESK_LISTEN"),
		stop:   e.Duration("EXDESK_STOP", 30*time.Second),
	}
	switch c.listen {
	case "":
		c.listen = "127.0.0.1:8600"
	case "off":
		c.listen = ""
	default:
		if _, port, err := net.SplitHostPort(c.listen); err != nil || port == "" {
			e.Wrong("EXDESK_LISTEN", fmt.Sprintf("%q is not an address such as 127.0.0.1:8600", c.listen))
		}
	}
	if text := e.Get("EXDESK_SINCE"); text != "" {
		var err error
		if c.since, err = time.Parse(time.DateOnly, text); err != nil {
			c.since, err = time.Parse(time.RFC3339, text)
		}
		if err != nil {
			e.Wrong("EXDESK_SINCE", fmt.Sprintf("%q is not a day such as 2026-11-01, nor a time such as 2026-11-01T08:00:00Z", text))
		}
	}
	c.readLog(e, stderr)
	var err error
	c.Settings, err = e.Settings()
	return c, err
}

func (c *config) readLog(e *settings.Environment, stderr io.Writer) {
	json, level := false, slog.LevelInfo
	for word := range strings.SplitSeq(e.Get("EXDESK_LOG"), ",") {
		switch word = strings.ToLower(strings.TrimSpace(word)); word {
		case "", "text":
		case "json":
			json = true
		default:
			if level.UnmarshalText([]byte(word)) != nil {
				e.Wrong("EXDESK_LOG", fmt.Sprintf("%q is not one of text, json, debug, info, warn, error", word))
			}
		}
	}
	c.log = logger(stderr, json, level)
}
