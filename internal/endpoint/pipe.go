package endpoint

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// pipeName is the pipe for a data folder, given its cleaned absolute path. Windows does not tell cases apart.
func pipeName(dir string) string { return `\\.\pipe\jobmon-db-` + hashOf(strings.ToLower(dir)) }

// clientRights are what is needed to talk through a pipe: FILE_GENERIC_READ, FILE_WRITE_DATA and
// FILE_WRITE_ATTRIBUTES. FILE_GENERIC_WRITE would hold FILE_CREATE_PIPE_INSTANCE as well: who has that can listen on
// the pipe beside the daemon and be taken for it.
const clientRights = 0x12018b

var sidForm = regexp.MustCompile(`^(?i:S)-1-\d{1,15}(-\d{1,10}){1,15}$`)

// pipeSecurity is the pipe's security descriptor in SDDL: owned by the daemon's own account, by which clients know
// it; everything for SYSTEM, Administrators and that account, clientRights for those that are allowed, nothing for
// others, and nothing inherited. Accounts are given as SIDs or as names, for which lookup finds the SID; all that
// cannot be found are named in the error.
func pipeSecurity(own string, allow []string, lookup func(name string) (sid string, err error)) (string, error) {
	sddl := "O:" + own + "D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;" + own + ")"
	var failed []error
	for _, account := range allow {
		sid := account
		if !sidForm.MatchString(account) {
			var err error
			if sid, err = lookup(account); err != nil {
				failed = append(
					failed,
					fmt.Errorf(
						"endpoint.allow: %q: %w; give the account as DOMAIN\\name, COMPUTER\\name or SID",
						account,
						err,
					),
				)
				continue
			}
		}
		sddl += fmt.Sprintf("(A;;%#x;;;%s)", clientRights, strings.ToUpper(sid))
	}
	return sddl, errors.Join(failed...)
}
