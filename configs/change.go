package configs

// Change is a key that two configurations have different values for.
type Change struct {
	Key      string
	Old, New string // as Value.Text: of a secret only what is harmless
	Live     bool   // a running daemon can take the new value
}

// Changes lists what is different in next, in the order of the example file. Where a value came from makes no
// difference.
func (c *Config) Changes(next *Config) []Change {
	var list []Change
	for _, k := range entryKeys(Keys(), c.keys, next.keys) {
		if !k.equal(c, next) {
			list = append(list, Change{Key: k.Name, Old: k.text(c), New: k.text(next), Live: k.Live})
		}
	}
	return list
}
