package winservice

import (
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/jobmon-db/jobmon-db/internal/words"
)

// Account is an account of Windows, as it is registered for a service.
type Account struct {
	Name string // "NT SERVICE\jobmon-db", "LocalSystem", "EXAMPLE\jobmon"
	SID  string // "S-1-5-..."
}

// virtualDomain holds an account for each service, made and kept by Windows: without a password, with no rights but
// those that are given to it, and on other computers the same as this computer's own account.
const virtualDomain = `NT SERVICE\`

// Virtual is the account that Windows keeps for the service of that name.
func Virtual(service string) Account {
	return Account{Name: virtualDomain + service, SID: serviceSID(service)}
}

// serviceSID is the SID of a service: SHA-1 of its name in capitals as UTF-16, in five numbers. Windows finds it by
// name only when the service is there already, and the rights are given before.
func serviceSID(service string) string {
	var name []byte
	for _, unit := range utf16.Encode([]rune(strings.ToUpper(service))) {
		name = binary.LittleEndian.AppendUint16(name, unit)
	}
	sum := sha1.Sum(name)
	sid := "S-1-5-80"
	for part := sum[:]; len(part) > 0; part = part[4:] {
		sid += fmt.Sprintf("-%d", binary.LittleEndian.Uint32(part))
	}
	return sid
}

// builtIn are the accounts that Windows has for services, by the names that people use for them.
func builtIn(name string) (Account, bool) {
	switch strings.ToLower(strings.TrimPrefix(strings.ToLower(name), `nt authority\`)) {
	case "localsystem", `.\localsystem`, "system":
		return Account{Name: "LocalSystem", SID: "S-1-5-18"}, true
	case "localservice", "local service":
		return Account{Name: `NT AUTHORITY\LocalService`, SID: "S-1-5-19"}, true
	case "networkservice", "network service":
		return Account{Name: `NT AUTHORITY\NetworkService`, SID: "S-1-5-20"}, true
	}
	return Account{}, false
}

// resolve finds the account that somebody named for the service; "" is the virtual one. lookup knows all others, and
// returns their full name and SID.
func resolve(name, service string, lookup func(name string) (Account, error)) (Account, error) {
	if name == "" || strings.EqualFold(name, virtualDomain+service) {
		return Virtual(service), nil
	}
	if account, ok := builtIn(name); ok {
		return account, nil
	}
	if len(name) > len(virtualDomain) && strings.EqualFold(name[:len(virtualDomain)], virtualDomain) {
		return Account{}, fmt.Errorf("%s is the account of another service; leave --account out, or name an account "+
			"of a person or a domain%w", name, words.KindOf(ErrAccount))
	}
	return lookup(name)
}

// NeedsPassword says that a service can log on with this account only by a password: it is neither one of Windows' own
// nor a managed one, whose password the domain keeps.
func (a Account) NeedsPassword() bool {
	if strings.HasPrefix(a.SID, "S-1-5-80-") || strings.HasSuffix(a.Name, "$") {
		return false
	}
	_, ok := builtIn(a.Name)
	return !ok
}

// needsLogonRight says that the account may run services only once it was given the right to.
func (a Account) needsLogonRight() bool { return a.NeedsPassword() || strings.HasSuffix(a.Name, "$") }
