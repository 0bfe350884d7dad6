package tokens

import (
	"encoding/json"
	"fmt"
	"log/slog"
)

// What holds a secret shows its type's name only, to whatever prints it.

func hide(f fmt.State, name string)     { _, _ = f.Write([]byte(name)) }
func hideJSON(v string) ([]byte, error) { return json.Marshal(v) }

const (
	sourceName = "tokens.Source(hidden)"
	appName    = "tokens.AppSource(hidden)"
	signInName = "tokens.SignIn(hidden)"
	memoryName = "tokens.Memory(hidden)"
	keyName    = "tokens.Key(hidden)"
	keysName   = "tokens.Keys(hidden)"
)

// Format implements fmt.Formatter and shows nothing that is secret.
func (s *Source) Format(f fmt.State, _ rune) { hide(f, sourceName) }

// LogValue implements slog.LogValuer and shows nothing that is secret.
func (s *Source) LogValue() slog.Value { return slog.StringValue(sourceName) }

// MarshalJSON implements json.Marshaler and shows nothing that is secret.
func (s *Source) MarshalJSON() ([]byte, error) { return hideJSON(sourceName) }

// Format implements fmt.Formatter and shows nothing that is secret.
func (m *Memory) Format(f fmt.State, _ rune) { hide(f, memoryName) }

// LogValue implements slog.LogValuer and shows nothing that is secret.
func (m *Memory) LogValue() slog.Value { return slog.StringValue(memoryName) }

// MarshalJSON implements json.Marshaler and shows nothing that is secret.
func (m *Memory) MarshalJSON() ([]byte, error) { return hideJSON(memoryName) }

// Format implements fmt.Formatter and shows nothing that is secret.
func (k Key) Format(f fmt.State, _ rune) { hide(f, keyName) }

// LogValue implements slog.LogValuer and shows nothing that is secret.
func (k Key) LogValue() slog.Value { return slog.StringValue(keyName) }

// MarshalJSON implements json.Marshaler and shows nothing that is secret.
func (k Key) MarshalJSON() ([]byte, error) { return hideJSON(keyName) }

// Format implements fmt.Formatter and shows nothing that is secret.
func (k *Keys) Format(f fmt.State, _ rune) { hide(f, keysName) }

// LogValue implements slog.LogValuer and shows nothing that is secret.
func (k *Keys) LogValue() slog.Value { return slog.StringValue(keysName) }

// MarshalJSON implements json.Marshaler and shows nothing that is secret.
func (k *Keys) MarshalJSON() ([]byte, error) { return hideJSON(keysName) }

// Format implements fmt.Formatter and shows nothing that is secret.
func (s *AppSource) Format(f fmt.State, _ rune) { hide(f, appName) }

// LogValue implements slog.LogValuer and shows nothing that is secret.
func (s *AppSource) LogValue() slog.Value { return slog.StringValue(appName) }

// MarshalJSON implements json.Marshaler and shows nothing that is secret.
func (s *AppSource) MarshalJSON() ([]byte, error) { return hideJSON(appName) }

// Format implements fmt.Formatter and shows nothing that is secret.
func (in SignIn) Format(f fmt.State, _ rune) { hide(f, signInName) }

// LogValue implements slog.LogValuer and shows nothing that is secret.
func (in SignIn) LogValue() slog.Value { return slog.StringValue(signInName) }

// MarshalJSON implements json.Marshaler and shows nothing that is secret.
func (in SignIn) MarshalJSON() ([]byte, error) { return hideJSON(signInName) }
