package hta_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
	"github.com/dop251/goja/parser"
	"github.com/dop251/goja/token"
)

// What ECMAScript 3 has, as the parser names it. Everything else that the parser knows came later.
var es3 = strings.Fields(`Program
	ArrayLiteral AssignExpression BinaryExpression BooleanLiteral BracketExpression CallExpression ConditionalExpression DotExpression
	FunctionLiteral Identifier NewExpression NullLiteral NumberLiteral ObjectLiteral PropertyKeyed RegExpLiteral SequenceExpression
	StringLiteral ThisExpression UnaryExpression Binding ParameterList
	BlockStatement BranchStatement CaseStatement CatchStatement DoWhileStatement EmptyStatement ExpressionStatement ForInStatement
	ForStatement ForLoopInitializerExpression ForLoopInitializerVarDeclList ForIntoVar ForIntoExpression FunctionDeclaration IfStatement
	LabelledStatement ReturnStatement SwitchStatement ThrowStatement TryStatement VariableStatement VariableDeclaration WhileStatement`)

// Words that ECMAScript 3 keeps for itself, also as the name of a property; newer versions gave most of them back.
var reserved = strings.Fields(`break case catch continue default delete do else false finally for function if in instanceof new null return switch
	this throw true try typeof var void while with abstract boolean byte char class const debugger double enum export extends
	final float goto implements import int interface long native package private protected public short static super
	synchronized throws transient volatile`)

// Names that JScript of Windows XP does not have, as a property or as a variable, and those that make code of text.
var (
	laterProperties = strings.Fields(`forEach map filter some every reduce reduceRight isArray trim trimLeft trimRight trimStart trimEnd
		toISOString toJSON bind keys values entries create defineProperty defineProperties getPrototypeOf freeze seal includes startsWith endsWith
		padStart padEnd repeat find findIndex fill codePointAt fromCodePoint lastIndexOf addEventListener querySelector
		querySelectorAll now setTimeout getElementsByClassName classList dataset textContent requestAnimationFrame innerHTML outerHTML insertAdjacentHTML
		execScript`)
	laterStatics = strings.Fields("Array.from Array.of Object.assign Number.isInteger document.write document.writeln")
	laterNames   = strings.Fields(`JSON Promise Map Set WeakMap Symbol Proxy Reflect ArrayBuffer Uint8Array fetch console XMLHttpRequest performance
		localStorage requestAnimationFrame eval Function setTimeout execScript`)
)

// breaches lists what an engine of Windows XP would stumble over. Text is never taken apart by index: a variable whose
// name is one of texts must not be, as far as names tell.
func breaches(source string) []string {
	program, err := parser.ParseFile(nil, "monitor", source, 0)
	if err != nil {
		return []string{err.Error()}
	}
	w := &walker{source: source}
	w.walk(reflect.ValueOf(program), "")
	return w.found
}

type walker struct {
	source   string
	found    []string
	constant file.Idx // of a Function that is made of texts in the source, so that it runs no data
}

func (w *walker) say(at file.Idx, format string, args ...any) {
	line := 1 + strings.Count(w.source[:min(int(at), len(w.source))], "\n")
	w.found = append(w.found, fmt.Sprintf("line %d: "+format, append([]any{line}, args...)...))
}

// walk goes through everything below a node, by reflection, so that no kind of node can be forgotten.
func (w *walker) walk(v reflect.Value, field string) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || v.Type().Elem().Name() == "File" || v.Type().Elem().Name() == "Scope" {
			return
		}
		if node, ok := v.Interface().(ast.Node); ok {
			w.node(node)
		}
		w.walk(v.Elem(), field)
	case reflect.Interface:
		if !v.IsNil() {
			w.walk(v.Elem(), field)
		}
	case reflect.Slice:
		for i := range v.Len() {
			w.walk(v.Index(i), field)
		}
	case reflect.Struct:
		if strings.Contains(v.Type().PkgPath(), "goja/ast") && !slices.Contains(es3, v.Type().Name()) {
			w.found = append(w.found, "there is a "+v.Type().Name()+" in "+field)
		}
		for i := range v.NumField() {
			// A function's declarations are listed twice.
			if f := v.Type().Field(i); f.IsExported() && f.Name != "DeclarationList" && f.Name != "DeclarationLists" {
				w.walk(v.Field(i), v.Type().Name()+"."+f.Name)
			}
		}
	}
}

func (w *walker) node(node ast.Node) {
	switch n := node.(type) {
	case *ast.DotExpression:
		name := n.Identifier.Name.String()
		if slices.Contains(reserved, name) {
			w.say(n.Identifier.Idx0(), ".%s is a reserved word", name)
		}
		of := ""
		if left, ok := n.Left.(*ast.Identifier); ok {
			of = left.Name.String()
		}
		if of != "JobMon" && slices.Contains(laterProperties, name) || slices.Contains(laterStatics, of+"."+name) {
			w.say(n.Identifier.Idx0(), ".%s came later", name)
		}
	case *ast.Identifier:
		name := n.Name.String()
		if slices.Contains(laterNames, name) && (name != "Function" || n.Idx0() != w.constant) {
			w.say(n.Idx0(), "%s came later, or makes code of text", name)
		}
	case *ast.NewExpression:
		if !slices.ContainsFunc(n.ArgumentList,
			func(e ast.Expression) bool { _, text := e.(*ast.StringLiteral); return !text }) {
			w.constant = n.Callee.Idx0()
		}
	case *ast.ObjectLiteral:
		for _, p := range n.Value {
			w.property(p)
		}
		w.comma(n.Idx0(), n.RightBrace)
	case *ast.ArrayLiteral:
		w.comma(n.Idx0(), n.RightBracket)
		if slices.Contains(n.Value, nil) {
			w.say(n.Idx0(), "a list with a gap")
		}
	case *ast.FunctionLiteral:
		if n.Async || n.Generator {
			w.say(n.Function, "an async function or a generator")
		}
		if n.ParameterList != nil && n.ParameterList.Rest != nil {
			w.say(n.Function, "a rest parameter")
		}
		for _, p := range params(n) {
			if p.Initializer != nil {
				w.say(n.Function, "a parameter with a default")
			}
		}
	case *ast.BinaryExpression:
		if slices.Contains([]token.Token{token.COALESCE, token.EXPONENT}, n.Operator) {
			w.say(n.Idx0(), "the operator %s", n.Operator)
		}
	case *ast.TryStatement:
		if n.Catch != nil && n.Catch.Parameter == nil {
			w.say(n.Try, "catch without a name")
		}
	case *ast.NumberLiteral:
		if strings.ContainsAny(n.Literal, "bBoO_n") && !strings.HasPrefix(strings.ToLower(n.Literal), "0x") {
			w.say(n.Idx0(), "the number %s", n.Literal)
		}
	case *ast.StringLiteral:
		if strings.Contains(n.Literal, `\u{`) || strings.Contains(n.Literal, "\\\n") ||
			strings.Contains(n.Literal, `\v`) {
			w.say(n.Idx0(), "the text %s", n.Literal)
		}
	case *ast.BracketExpression:
		// A text by index: names of texts are known by heart here, as there are no types.
		if of, ok := n.Left.(*ast.Identifier); ok &&
			slices.Contains([]string{"text", "line", "colour", "name", "local", "letters"}, of.Name.String()) {
			w.say(n.Idx0(), "%s[...]: a letter of a text by index", of.Name)
		}
		if _, ok := n.Left.(*ast.StringLiteral); ok {
			w.say(n.Idx0(), "a letter of a text by index")
		}
	case *ast.RegExpLiteral:
		if strings.ContainsAny(n.Flags, "yusd") || strings.Contains(n.Pattern, "(?<") ||
			strings.Contains(n.Pattern, `\p{`) {
			w.say(n.Idx0(), "the pattern /%s/%s", n.Pattern, n.Flags)
		}
	}
}

func params(f *ast.FunctionLiteral) []*ast.Binding {
	if f.ParameterList == nil {
		return nil
	}
	return f.ParameterList.List
}

func (w *walker) property(p ast.Property) {
	keyed, ok := p.(*ast.PropertyKeyed)
	if !ok {
		w.say(p.Idx0(), "a short property")
		return
	}
	if keyed.Kind != ast.PropertyKindValue || keyed.Computed {
		w.say(p.Idx0(), "a getter, a setter, a method or a computed name")
	}
	if key, ok := keyed.Key.(*ast.StringLiteral); ok && slices.Contains(reserved, key.Literal) {
		w.say(p.Idx0(), "%s is a reserved word", key.Literal)
	}
}

// comma reports a comma behind the last item of a list that ends there.
func (w *walker) comma(from, end file.Idx) {
	inside := strings.TrimRight(w.source[int(from)-1:int(end)-1], " \t\r\n")
	if strings.HasSuffix(inside, ",") {
		w.say(end, "a comma behind the last item")
	}
}

func TestMonitorIsES3(t *testing.T) {
	t.Parallel()
	_, source, _ := strings.Cut(read(t, "JobMon.hta"), `language="JScript">`)
	source, _, ok := strings.Cut(source, "</script>")
	if !ok {
		t.Fatal("there is no script")
	}
	for _, what := range breaches(source) {
		t.Error(what)
	}
}

// The test above is worth something: it refuses what it is there to refuse.
func TestNewerScriptsAreRefused(t *testing.T) {
	t.Parallel()
	for _, source := range []string{
		"let a = 1;", "const a = 1;", "var f = () => 1;", "var a = `x`;", "class A {}", "var {a} = b;", "f(...a);",
		"for (var a of b) {}",
		"var a = b ?? c;", "var a = b?.c;", "var a = 2 ** 3;", "function f(a = 1) {}", "function f(...a) {}",
		"async function f() {}",
		"var a = {b, c: 1};", "var a = {f() {}};", "var a = {get f() { return 1; }};", "var a = {['x']: 1};",
		"try {} catch {}",
		"var a = [1, 2, ];", "var a = [1,,2];", "var a = {b: 1, };", "var a = b.class;", "var a = {default: 1};",
		"a.delete();",
		"JSON.parse(a);", "a.forEach(f);", "a.map(f);", "a.trim();", "Object.keys(a);", "Array.isArray(a);",
		"new Date().toISOString();",
		"eval(a);", "new Function(a);", `new Function("a", b);`, `Function("a");`, "element.innerHTML = a;",
		"document.write(a);", "var c = text[0];", `var c = "abc"[0];`,
		"f.bind(a);", "var a = 0b1;", "var a = /b/y;", "var a = /(?<b>c)/;", `var a = "\u{1F600}";`, "debugger;",
		"Date.now();",
		"window.setTimeout('f()', 1)", "Array.from(a);",
	} {
		if len(breaches(source)) == 0 {
			t.Errorf("%s is taken", source)
		}
	}
}
