// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title Whether somebody signed a digest
library SignedBy {
    /// @notice A key first, so that whether `who` is a contract (ERC-1271) need not be asked then. A signature that is none recovers to nobody, and nobody signs nothing.
    function isSignedBy(bytes32 digest, bytes calldata signature, address who) internal view returns (bool) {
        // What the error was does not matter: then nobody is found.
        // slither-disable-next-line unused-return
        (address found,,) = ECDSA.tryRecoverCalldata(digest, signature);
        return (found != address(0) && found == who) || SignatureChecker.isValidERC1271SignatureNowCalldata(who, digest, signature);
    }
}
