package winservice

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/jobmon-db/jobmon-db/internal/trust"
)

// What the rights are called by Windows: generic ones are mapped when they are stored, so that these are given as they
// are.
const (
	readRight   = windows.FILE_GENERIC_READ | windows.FILE_GENERIC_EXECUTE
	modifyRight = readRight | windows.FILE_GENERIC_WRITE | windows.DELETE
)

const (
	dacl  = windows.DACL_SECURITY_INFORMATION
	owned = windows.OWNER_SECURITY_INFORMATION
)

func (windowsSystem) rights(path string) (string, error) {
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, owned|dacl)
	if err != nil {
		return "", err
	}
	return sd.String(), nil
}

func (windowsSystem) setRights(path, rights string) error {
	sd, err := windows.SecurityDescriptorFromString(rights)
	if err != nil {
		return err
	}
	list, _, err := sd.DACL()
	if err != nil {
		return err
	}
	control, _, err := sd.Control()
	if err != nil {
		return err
	}
	inherit := windows.SECURITY_INFORMATION(windows.UNPROTECTED_DACL_SECURITY_INFORMATION)
	if control&windows.SE_DACL_PROTECTED != 0 {
		inherit = windows.PROTECTED_DACL_SECURITY_INFORMATION
	}
	defer runtime.KeepAlive(sd)
	if err := windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, dacl|inherit, nil, nil, list,
		nil); err != nil {
		return err
	}
	owner, _, err := sd.Owner()
	if err != nil || owner == nil {
		return err
	}
	return windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, owned, owner, nil, nil, nil)
}

func (windowsSystem) believe(path, account string) error { return trust.Existing(path, account) }

func (w windowsSystem) grant(g *Grant) error {
	mask, flags := uint32(readRight), ""
	if g.Right == Modify {
		mask = modifyRight
	}
	info, err := os.Stat(g.Path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		flags = "OICI" // also for what is and will be below it
	}
	if g.Private {
		own := fmt.Sprintf("(A;%s;%#x;;;%s)", flags, mask, g.Account.SID)
		if g.Account.SID == "S-1-5-18" {
			own = ""
		}
		return w.setRights(g.Path, fmt.Sprintf("O:BAD:P(A;%[1]s;FA;;;SY)(A;%[1]s;FA;;;BA)%s", flags, own))
	}
	inheritance := uint32(windows.NO_INHERITANCE)
	if info.IsDir() {
		inheritance = windows.SUB_CONTAINERS_AND_OBJECTS_INHERIT
	}
	return w.edit(g.Path, g.Account.SID, windows.EXPLICIT_ACCESS{
		AccessPermissions: windows.ACCESS_MASK(mask), AccessMode: windows.SET_ACCESS, Inheritance: inheritance,
	})
}

func (w windowsSystem) revoke(path, sid string) error {
	if sid == "" || w.remote(path) {
		return nil
	}
	return w.edit(path, sid, windows.EXPLICIT_ACCESS{AccessMode: windows.REVOKE_ACCESS})
}

// edit changes the rights of one account and leaves those of others.
func (windowsSystem) edit(path, account string, entry windows.EXPLICIT_ACCESS) error {
	sid, err := windows.StringToSid(account)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(sid)
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, dacl)
	if err != nil {
		return err
	}
	old, _, err := sd.DACL()
	if err != nil && !errors.Is(err, windows.ERROR_OBJECT_NOT_FOUND) {
		return err
	}
	entry.Trustee = windows.TRUSTEE{
		TrusteeForm: windows.TRUSTEE_IS_SID, TrusteeType: windows.TRUSTEE_IS_UNKNOWN,
		TrusteeValue: windows.TrusteeValueFromSID(sid),
	}
	list, err := windows.ACLFromEntries([]windows.EXPLICIT_ACCESS{entry}, old)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(sd)
	return windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, dacl, nil, nil, list, nil)
}

// The right to log on as a service is kept by the Local Security Authority, for which the library has no calls. The
// Services window gives it by itself; the calls that register a service do not.
const logonRight = "SeServiceLogonRight"

// policy is the authority's list of rights, open for changes.
type policy struct {
	dll    *windows.LazyDLL
	handle windows.Handle
}

// objectAttributes is LSA_OBJECT_ATTRIBUTES, all of whose fields have to be zero.
type objectAttributes struct {
	length     uint32
	root       windows.Handle
	name       uintptr
	attributes uint32
	security   uintptr
	quality    uintptr
}

func openPolicy() (*policy, error) {
	// POLICY_VIEW_LOCAL_INFORMATION, POLICY_CREATE_ACCOUNT, POLICY_LOOKUP_NAMES
	const viewAndCreate = 0x1 | 0x10 | 0x800
	p := &policy{dll: windows.NewLazySystemDLL("advapi32.dll")}
	var attributes objectAttributes
	err := p.call("LsaOpenPolicy", 0, uintptr(unsafe.Pointer(&attributes)), viewAndCreate,
		uintptr(unsafe.Pointer(&p.handle)))
	runtime.KeepAlive(&attributes)
	return p, err
}

func (p *policy) call(name string, arguments ...uintptr) error {
	proc := p.dll.NewProc(name)
	if err := proc.Find(); err != nil {
		return err
	}
	if status, _, _ := proc.Call(arguments...); status != 0 {
		return windows.NTStatus(status).Errno()
	}
	return nil
}

func (p *policy) close() { _ = p.call("LsaClose", uintptr(p.handle)) }

func (windowsSystem) allowLogon(account string) (had bool, err error) {
	err = withRight(account, func(p *policy, sid, right uintptr) error {
		var list *windows.NTUnicodeString
		var count uint32
		// an account without any right is not found
		if p.call("LsaEnumerateAccountRights", uintptr(p.handle), sid, uintptr(unsafe.Pointer(&list)),
			uintptr(unsafe.Pointer(&count))) == nil && list != nil {
			for i := range unsafe.Slice(list, count) {
				had = had || unsafe.Slice(list, count)[i].String() == logonRight
			}
			_ = p.call("LsaFreeMemory", uintptr(unsafe.Pointer(list)))
		}
		if had {
			return nil
		}
		return p.call("LsaAddAccountRights", uintptr(p.handle), sid, right, 1)
	})
	return had, err
}

func (windowsSystem) denyLogon(account string) error {
	return withRight(account, func(p *policy, sid, right uintptr) error {
		return p.call("LsaRemoveAccountRights", uintptr(p.handle), sid, 0, right, 1)
	})
}

func withRight(account string, do func(p *policy, sid, right uintptr) error) error {
	sid, err := windows.StringToSid(account)
	if err != nil {
		return err
	}
	right, err := windows.NewNTUnicodeString(logonRight)
	if err != nil {
		return err
	}
	p, err := openPolicy()
	if err != nil {
		return err
	}
	defer p.close()
	err = do(p, uintptr(unsafe.Pointer(sid)), uintptr(unsafe.Pointer(right)))
	runtime.KeepAlive(sid)
	runtime.KeepAlive(right)
	return err
}
