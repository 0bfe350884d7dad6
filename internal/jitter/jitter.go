// Package jitter spreads waits, so that many who wait for the same thing do not
// come back in step.
package jitter

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// N returns a duration of at least 0 and less than n, which is above 0. The
// clock's nanoseconds and what is waited for decide it: two processes spread,
// and one in virtual time does the same each time that it is run.
func N(n time.Duration, what string) time.Duration {
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, uint64(time.Now().UnixNano())), what...))
	return time.Duration(binary.BigEndian.Uint64(sum[:]) % uint64(n))
}
