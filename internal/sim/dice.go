package sim

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"
)

// dice answers every question of chance in a cell: the same question has the
// same answer, in whatever order it is asked.
type dice uint64

// roll returns 64 random bits for a question.
func (d dice) roll(question ...any) uint64 {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 96), uint64(d))
	for _, q := range question {
		b = append(fmt.Append(b, q), 0)
	}
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:])
}

// chance reports whether what happens with probability p happens.
func (d dice) chance(p float64, question ...any) bool {
	return float64(d.roll(question...)>>11)/(1<<53) < p
}

// n returns a number from 0 up to but not including n.
func (d dice) n(n int, question ...any) int { return int(d.roll(question...) % uint64(n)) }

// between returns a duration from least up to but not including most.
func (d dice) between(least, most time.Duration, question ...any) time.Duration {
	return least + time.Duration(d.roll(question...)%uint64(most-least))
}

// pick returns one of the choices.
func pick[T any](d dice, choices []T, question ...any) T {
	return choices[d.n(len(choices), question...)]
}
