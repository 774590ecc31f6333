/* A program that aborts on a panic and has no tables to unwind by can print no backtrace. With these functions the linker
   needs neither libunwind, which `std` would call for one, nor the `printf` that libunwind reports its own errors with:
   25 KB. */

/* There is no frame: `_URC_END_OF_STACK` of the Itanium C++ ABI. */
int _Unwind_Backtrace(void) { return 5; }

/* Called for a frame alone. */
#define OF_A_FRAME(name) \
    void _Unwind_##name(void) { __builtin_trap(); }

OF_A_FRAME(Resume)
OF_A_FRAME(RaiseException)
OF_A_FRAME(DeleteException)
OF_A_FRAME(GetLanguageSpecificData)
OF_A_FRAME(GetRegionStart)
OF_A_FRAME(GetTextRelBase)
OF_A_FRAME(GetDataRelBase)
OF_A_FRAME(GetGR)
OF_A_FRAME(SetGR)
OF_A_FRAME(GetIP)
OF_A_FRAME(GetIPInfo)
OF_A_FRAME(SetIP)
OF_A_FRAME(GetCFA)
OF_A_FRAME(FindEnclosingFunction)
