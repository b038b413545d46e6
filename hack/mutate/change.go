package main

import (
	"bufio"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// change is one change of a file: other text from one offset to another.
type change struct {
	file       string
	line       int
	from, to   int
	old, fresh string
	in         string // the line of the file that it begins in
}

func (c change) String() string {
	return fmt.Sprintf("%s:%d: %s", relative(c.file), c.line, c.what())
}

// key tells a change apart however the lines around it move.
func (c change) key() string {
	return relative(c.file) + ": " + c.what()
}

func (c change) what() string {
	return fmt.Sprintf("%s => %s in: %s", short(c.old), short(c.fresh), short(c.in))
}

func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 100 {
		s = s[:100] + "…"
	}
	if s == "" {
		return "(removed)"
	}
	return s
}

// readSame reads the changes that change nothing anybody could see: a line each, as
// they are printed but without the line's number; # begins a comment.
func readSame(name string) (map[string]bool, error) {
	same := map[string]bool{}
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return same, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); line != "" && !strings.HasPrefix(line, "#") {
			same[line] = true
		}
	}
	return same, lines.Err()
}

var swapped = map[token.Token]string{
	token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">",
	token.EQL: "!=", token.NEQ: "==", token.LAND: "||", token.LOR: "&&",
	token.ADD: "-", token.SUB: "+", token.MUL: "/", token.QUO: "*",
	token.AND: "|", token.OR: "&", token.SHL: ">>", token.SHR: "<<", token.REM: "*",
}

// changesOf returns all changes to a file that are tried.
func changesOf(name string) ([]change, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, text, 0)
	if err != nil {
		return nil, err
	}
	var all []change
	lines := strings.Split(string(text), "\n")
	at := func(p token.Pos) int { return set.Position(p).Offset }
	add := func(from, to token.Pos, fresh string) {
		old := string(text[at(from):at(to)])
		if old != fresh {
			line := set.Position(from).Line
			all = append(all, change{name, line, at(from), at(to), old, fresh, lines[line-1]})
		}
	}
	source := func(n ast.Node) string { return string(text[at(n.Pos()):at(n.End())]) }
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GenDecl:
			if n.Tok == token.IMPORT {
				return false
			}
		case *ast.Field:
			return n.Tag == nil // nobody changes a tag by chance
		case *ast.IfStmt:
			add(n.Cond.Pos(), n.Cond.End(), "!("+source(n.Cond)+")")
			add(n.Cond.Pos(), n.Cond.End(), "false && ("+source(n.Cond)+")")
		case *ast.BinaryExpr:
			if fresh, ok := swapped[n.Op]; ok {
				add(n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), fresh)
			}
		case *ast.UnaryExpr:
			if n.Op == token.NOT || n.Op == token.SUB {
				add(n.OpPos, n.OpPos+1, "")
			}
		case *ast.BasicLit:
			switch n.Kind {
			case token.INT:
				add(n.Pos(), n.End(), "("+n.Value+"+1)")
				add(n.Pos(), n.End(), "("+n.Value+"-1)")
			case token.FLOAT:
				add(n.Pos(), n.End(), "("+n.Value+"*2)")
			case token.STRING:
				s, err := strconv.Unquote(n.Value)
				if err == nil && strings.Contains(s, " ") {
					add(n.Pos(), n.End(), `""`) // words for people, of which a test knows a part
				} else if err == nil {
					add(n.Pos(), n.End(), strconv.Quote(s+"x"))
				}
			}
		case *ast.Ident:
			if n.Name == "true" {
				add(n.Pos(), n.End(), "false")
			} else if n.Name == "false" {
				add(n.Pos(), n.End(), "true")
			}
		case *ast.BlockStmt:
			for _, s := range n.List {
				remove(s, add)
			}
		case *ast.CaseClause:
			for _, s := range n.Body {
				remove(s, add)
			}
		case *ast.CallExpr:
			return !silent(n)
		}
		return true
	})
	return all, nil
}

// remove adds the removal of a statement, where it may be removed.
func remove(s ast.Stmt, add func(from, to token.Pos, fresh string)) {
	switch s := s.(type) {
	case *ast.ExprStmt:
		if call, ok := s.X.(*ast.CallExpr); ok && silent(call) {
			return
		}
	case *ast.AssignStmt:
		if s.Tok == token.DEFINE {
			return
		}
	case *ast.IncDecStmt, *ast.DeferStmt, *ast.GoStmt, *ast.BranchStmt, *ast.SendStmt:
	case *ast.ReturnStmt:
		if len(s.Results) > 0 {
			return
		}
	default:
		return
	}
	add(s.Pos(), s.End(), "")
}

// silent reports whether a call only says something to people who develop: it
// panics, or logs where nobody looks.
func silent(call *ast.CallExpr) bool {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name == "panic" || f.Name == "make"
	case *ast.SelectorExpr:
		switch x := f.X.(type) {
		case *ast.Ident:
			return x.Name == "klog"
		case *ast.CallExpr:
			return silent(x)
		}
	}
	return false
}
