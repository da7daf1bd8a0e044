# Completion of 'mapihttp' for bash; the command itself knows what may follow.
_mapihttp() {
    local candidates word typed=${COMP_WORDS[COMP_CWORD]}
    local -a words=("${COMP_WORDS[@]:0:COMP_CWORD}" "$typed")
    # bash parts words at ':' and '=': what stands around those is no candidate of ours.
    [[ $typed == [:=] || ${COMP_WORDS[COMP_CWORD-1]} == [:=] ]] && return
    COMPREPLY=()
    while IFS=$'\t' read -r word _; do
        [[ -n $word ]] && COMPREPLY+=("$word")
    done < <("${COMP_WORDS[0]}" complete "$COMP_CWORD" "${words[@]}" 2>/dev/null)
}
complete -o default -o nosort -F _mapihttp mapihttp
