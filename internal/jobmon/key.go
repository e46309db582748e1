package jobmon

import (
	"cmp"
	"strconv"
	"strings"
)

// ComputerKey names a computer within a fleet, where each DS counts its computers from the same number.
type ComputerKey struct {
	Site string // "" at a site, which knows no others
	ID   ComputerID
}

// String is SITE/ID, or the id alone where there is no site. ParseKey reads it.
func (k ComputerKey) String() string {
	id := strconv.Itoa(int(k.ID))
	if k.Site == "" {
		return id
	}
	return k.Site + "/" + id
}

// Compare orders by site, then by id.
func (k ComputerKey) Compare(other ComputerKey) int {
	return cmp.Or(strings.Compare(k.Site, other.Site), cmp.Compare(k.ID, other.ID))
}

// ParseKey reads what String writes; ok is false for anything else.
func ParseKey(text string) (k ComputerKey, ok bool) {
	at := strings.LastIndexByte(text, '/')
	if at == 0 {
		return k, false
	}
	if at > 0 {
		k.Site = text[:at]
	}
	id, err := strconv.ParseInt(text[at+1:], 10, 32)
	k.ID = ComputerID(id)
	return k, err == nil && k.String() == text
}
