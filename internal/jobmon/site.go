package jobmon

import (
	"fmt"
	"regexp"
)

var siteName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$`)

// CheckSite returns what is wrong with a site's name in the fleet: it becomes part of subjects and folders.
func CheckSite(name string) error {
	if !siteName.MatchString(name) {
		return fmt.Errorf("%q cannot name a site in the fleet: take 1 to 32 letters (a to z, A to Z), digits, - "+
			"and _, and begin with a letter or a digit", name)
	}
	return nil
}
