package tokens

// Dying returns the Store in the directory, which calls at with the name of each
// step of Save.
func Dying(dir string, at func(step string)) (*File, error) {
	f, err := OpenFile(dir)
	if f != nil {
		f.at = at
	}
	return f, err
}
