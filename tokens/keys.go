package tokens

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
)

// Key is one of Keys.
type Key struct {
	ID     string // 1 to 255 octets, which everybody may see
	Secret []byte // 32 octets from a good source of randomness; not a password
}

// Keys is a Keeper with keys of the caller's own. Make it with NewKeys.
type Keys struct {
	first string
	aeads map[string]cipher.AEAD
}

var _ Keeper = (*Keys)(nil)

// keysVersion begins what Keys has encrypted.
const keysVersion = 1

// NewKeys returns a Keeper that encrypts with the first key and decrypts with
// any. To change the key, put a new one before the old, in every process, and
// take the old one away when everything was saved once more: a Source that
// is in use does so with every renewal.
func NewKeys(keys ...Key) (*Keys, error) {
	if len(keys) == 0 {
		return nil, errors.New("tokens: there is no key")
	}
	k := &Keys{first: keys[0].ID, aeads: make(map[string]cipher.AEAD)}
	for _, key := range keys {
		switch {
		case key.ID == "" || len(key.ID) > 255:
			return nil, fmt.Errorf("tokens: the id of a key has 1 to 255 octets, not %d", len(key.ID))
		case len(key.Secret) != 32:
			return nil, fmt.Errorf("tokens: key %q has %d octets, not 32", key.ID, len(key.Secret))
		case k.aeads[key.ID] != nil:
			return nil, fmt.Errorf("tokens: there are two keys %q", key.ID)
		}
		aead, err := newGCM(key.Secret)
		if err != nil {
			return nil, err
		}
		k.aeads[key.ID] = aead
	}
	return k, nil
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// seal appends a nonce and what aead makes of plaintext to head.
func seal(aead cipher.AEAD, head, plaintext, bound []byte) []byte {
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	out := append(head[:len(head):len(head)], nonce...)
	return aead.Seal(out, nonce, plaintext, bound)
}

// unseal undoes seal, without the head.
func unseal(aead cipher.AEAD, data, bound []byte) ([]byte, error) {
	if len(data) < aead.NonceSize() {
		return nil, errShort
	}
	nonce, rest := data[:aead.NonceSize()], data[aead.NonceSize():]
	return aead.Open(nil, nonce, rest, bound)
}

var errShort = errors.New("it is cut short")

// Encrypt implements Keeper: it puts the key's id before an AES-256-GCM
// ciphertext that it is bound to.
func (k *Keys) Encrypt(_ context.Context, plaintext []byte) ([]byte, error) {
	head := append([]byte{keysVersion, byte(len(k.first))}, k.first...)
	return seal(k.aeads[k.first], head, plaintext, head), nil
}

// Decrypt implements Keeper. Its errors are ErrSealed.
func (k *Keys) Decrypt(_ context.Context, ciphertext []byte) ([]byte, error) {
	if len(ciphertext) < 2 || len(ciphertext) < 2+int(ciphertext[1]) {
		return nil, sealError(errShort)
	}
	if ciphertext[0] != keysVersion {
		return nil, sealError(fmt.Errorf("keys of version %d are unknown", ciphertext[0]))
	}
	head, rest := ciphertext[:2+int(ciphertext[1])], ciphertext[2+int(ciphertext[1]):]
	aead := k.aeads[string(head[2:])]
	if aead == nil {
		return nil, sealError(fmt.Errorf("key %q is missing: put it back behind the first", clip(string(head[2:]))))
	}
	plaintext, err := unseal(aead, rest, head)
	if err != nil {
		return nil, sealError(fmt.Errorf("key %q does not fit: it is not the one of that name any more, or somebody has changed what was kept", clip(string(head[2:]))))
	}
	return plaintext, nil
}
