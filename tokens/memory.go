package tokens

import (
	"context"
	"strconv"
	"sync"
)

// Memory is a Store that ends with the process. The zero value is empty and
// ready to use.
type Memory struct {
	mu   sync.Mutex
	held map[string]held
	last uint64 // version that was given out
}

type held struct {
	data    []byte
	version string
}

var _ Store = (*Memory)(nil)

// Load implements Store.
func (m *Memory) Load(_ context.Context, account string) ([]byte, string, error) {
	if err := checkAccount(account); err != nil {
		return nil, "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	h, ok := m.held[account]
	if !ok {
		return nil, "", ErrNotFound
	}
	return append([]byte(nil), h.data...), h.version, nil
}

// Save implements Store.
func (m *Memory) Save(_ context.Context, account string, data []byte, version string) (string, error) {
	if err := checkAccount(account); err != nil {
		return "", err
	}
	if err := checkData(data); err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.held[account].version != version {
		return "", ErrChanged
	}
	if len(data) == 0 {
		delete(m.held, account)
		return "", nil
	}
	if m.held == nil {
		m.held = make(map[string]held)
	}
	m.last++
	h := held{append([]byte(nil), data...), strconv.FormatUint(m.last, 10)}
	m.held[account] = h
	return h.version, nil
}
