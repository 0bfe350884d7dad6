package graphtest

import "slices"

// shelf keeps values by key, the newest kept of them: older ones go.
type shelf[T any] struct {
	values map[string]T
	order  []string // keys, the oldest first
}

// put adds a value, and tells whether the key was new. Otherwise all stays as
// it is.
func (s *shelf[T]) put(key string, v T) bool {
	if _, ok := s.values[key]; ok {
		return false
	}
	if s.values == nil {
		s.values = map[string]T{}
	}
	if len(s.order) >= kept {
		for _, old := range s.order[:kept/10] {
			delete(s.values, old)
		}
		s.order = slices.Delete(s.order, 0, kept/10)
	}
	s.values[key] = v
	s.order = append(s.order, key)
	return true
}
